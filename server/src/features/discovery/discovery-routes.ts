import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DISCOVERY_PATH, DiscoveryDocument, TERRAFORM_LOGIN } from '@terrace/protocol/discovery.ts'

/** What the document depends on. */
export interface DiscoveryDeps {
  readonly config: { readonly server: { readonly publicUrl: string }; readonly auth: { readonly terraformLogin: boolean } }
}

const PROVIDERS_PATH = '/v1/providers/'
const MODULES_PATH = '/v1/modules/'

/** The services of this server: rooted paths, or absolute URLs below the configured public address (requirements.md C8). */
export function discoveryDocument({ server, auth }: DiscoveryDeps['config']): DiscoveryDocument {
  const base = server.publicUrl.replace(/\/+$/, '')
  const login = { ...TERRAFORM_LOGIN, authz: `${base}${TERRAFORM_LOGIN.authz}`, token: `${base}${TERRAFORM_LOGIN.token}` }
  return {
    'modules.v1': `${base}${MODULES_PATH}`,
    'providers.v1': `${base}${PROVIDERS_PATH}`,
    ...(auth.terraformLogin && { 'login.v1': login }),
  }
}

/**
 * `GET /.well-known/terraform.json`. Prepared once and sent whatever the credential, the state of the database or of the process,
 * and without a limit of requests, since the CLI never repeats a failed discovery.
 * Source: protocol.md 1.3, D-1 to D-8; https://developer.hashicorp.com/terraform/internals/remote-service-discovery
 */
export function discoveryRoutes({ config }: DiscoveryDeps): FastifyPluginAsyncTypebox {
  const body = Buffer.from(JSON.stringify(discoveryDocument(config)))
  return async (app) => {
    const schema = { tags: ['discovery'], summary: 'Services of this host', response: { 200: DiscoveryDocument } }
    app.get(DISCOVERY_PATH, { config: { requires: 'public', rateLimitTier: 'none', alwaysOn: true }, schema }, (_request, reply) => {
      // Sent as it is: a prepared buffer passes the serializer by.
      const answer = reply.header('content-type', 'application/json').header('cache-control', 'public, max-age=60')
      answer.send(body as unknown as DiscoveryDocument)
    })
  }
}
