import fastifySwagger from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import { Type } from 'typebox'
import { ERROR_CODES } from '../../errors.ts'
import type { App, RouteSettings } from '../edge-types.ts'
import { defaultErrorFormat } from '../error-handler.ts'

const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: Object.keys(ERROR_CODES) }),
    detail: Type.String({ description: 'What happened this time.' }),
    hint: Type.Optional(Type.String({ description: 'What to do next.' })),
    context: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Structured facts.' })),
    requestId: Type.String(),
  },
  { description: 'Failure, as RFC 9457 has it.' },
)

const ErrorList = Type.Object({ errors: Type.Array(Type.String()) }, { description: 'Failure.' })

const PERMISSIONS: Readonly<Record<string, string>> = {
  public: 'No credential is needed.',
  anyone: 'A credential is optional.',
  authenticated: 'Needs any valid credential.',
}

function securityOf(requires: RouteSettings['requires']): Record<string, string[]>[] {
  if (requires === 'public') return []
  return requires === 'anyone' ? [{}, { bearer: [] }] : [{ bearer: [] }]
}

/** Chapters of the reference, by the beginning of an address; the first that fits counts. A route may name its own. */
const CHAPTERS: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:api\/v1|admin\/api)\/(?:admin\/)?(?:jobs|quarantine|signing-keys|mirrors?\b|bundles|providers\/upload)/, 'mirror'],
  [/^\/v1\/(?:mirror|providers\/:hostname)\//, 'mirror'],
  [/^\/(?:v1|api\/v1|admin\/api)\/(?:admin\/)?providers/, 'providers'],
  [/^\/(?:v1|api\/v1)\/modules/, 'modules'],
  [/^\/(?:files|shasums|pull)\//, 'downloads'],
]

function chapterOf(url: string): string[] {
  const chapter = CHAPTERS.find(([address]) => address.test(url))
  return chapter === undefined ? [] : [chapter[1]]
}

/** Adds what every route has in common: its chapter, its permission and the form of its failures. */
function describeRoute(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  const { requires } = route.config as RouteSettings
  const permission = PERMISSIONS[requires] ?? `Needs the scope \`${requires}\`.`
  const failure = defaultErrorFormat(route.url) === 'protocol' ? ErrorList : Problem
  return {
    ...schema,
    tags: schema?.tags ?? chapterOf(route.url),
    security: securityOf(requires),
    description: schema?.description === undefined ? permission : `${schema.description} ${permission}`,
    response: { ...(schema?.response as object | undefined), default: failure },
  }
}

/** What the document says beside the routes. */
export interface DocumentOptions {
  readonly version: string
  /** Puts finishing touches to the whole document. */
  readonly finishDocument?: (<Document extends object>(document: Document) => Document) | undefined
}

/** Registers the collector of route schemas; must come before the routes. */
export function collectOpenApi(app: App, { version, finishDocument }: DocumentOptions): void {
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
    },
    transform: ({ schema, url, route }) => ({ schema: describeRoute(schema, route), url }),
    ...(finishDocument !== undefined && {
      transformObject: (made) => finishDocument('openapiObject' in made ? made.openapiObject : made.swaggerObject),
    }),
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
