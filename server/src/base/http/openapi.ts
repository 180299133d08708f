import fastifySwagger from '@fastify/swagger'
import type { App } from './edge-types.ts'

/** Registers the collector of route schemas; must come before the routes. */
export function collectOpenApi(app: App, version: string): void {
  app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Terrace',
        version,
        description: 'Private registry and provider mirror for Terraform and OpenTofu.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key (`tfr_…`) or the token of a session.' },
        },
      },
      security: [{ bearer: [] }],
    },
  })
}

/** The document at `/openapi.json` and its alias `/swagger.json`; built once, at the first request. */
export function serveOpenApi(app: App): void {
  let document: Buffer | undefined
  app.register((scope, _options, done) => {
    for (const url of ['/openapi.json', '/swagger.json']) {
      scope.get(url, { config: { requires: 'public' }, schema: { hide: true } }, (_request, reply) => {
        document ??= Buffer.from(JSON.stringify(scope.swagger()))
        reply.header('content-type', 'application/json; charset=utf-8').send(document)
      })
    }
    done()
  })
}
