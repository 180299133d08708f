import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DISCOVERY_PATH, DiscoveryDocument } from '@terrace/protocol/discovery.ts'

/** What the document depends on. */
export interface DiscoveryDeps {
  readonly config: { readonly server: { readonly publicUrl: string } }
}

const PROVIDERS_PATH = '/v1/providers/'
const MODULES_PATH = '/v1/modules/'

/** The services of this server: rooted paths, or absolute URLs below the configured public address (requirements.md C8). */
export function discoveryDocument(publicUrl: string): DiscoveryDocument {
  const base = publicUrl.replace(/\/+$/, '')
  return { 'modules.v1': `${base}${MODULES_PATH}`, 'providers.v1': `${base}${PROVIDERS_PATH}` }
}

/**
 * `GET /.well-known/terraform.json`. Prepared once and sent whatever the credential, the state of the database or of the process,
 * and without a limit of requests, since the CLI never repeats a failed discovery.
 * Source: protocol.md 1.3, D-1 to D-8; https://developer.hashicorp.com/terraform/internals/remote-service-discovery
 */
export function discoveryRoutes({ config }: DiscoveryDeps): FastifyPluginAsyncTypebox {
  const body = Buffer.from(JSON.stringify(discoveryDocument(config.server.publicUrl)))
  return async (app) => {
    const schema = { tags: ['discovery'], summary: 'Services of this host', response: { 200: DiscoveryDocument } }
    app.get(DISCOVERY_PATH, { config: { requires: 'public', rateLimitTier: 'none', alwaysOn: true }, schema }, (_request, reply) => {
      // Sent as it is: a prepared buffer passes the serializer by.
      const answer = reply.header('content-type', 'application/json').header('cache-control', 'public, max-age=60')
      answer.send(body as unknown as DiscoveryDocument)
    })
  }
}
