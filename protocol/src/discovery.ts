import { type Static, Type } from 'typebox'
import { quote } from './quote.ts'

/** Where every registry host has its discovery document. Source: protocol.md 1.2. */
export const DISCOVERY_PATH = '/.well-known/terraform.json'

/** What a host says about `terraform login`. Source: protocol.md 5.1, E03 to E07. */
export const LoginService = Type.Object({
  client: Type.String({ description: 'Sent as `client_id`' }),
  grant_types: Type.Array(Type.String()),
  authz: Type.String({ description: 'Absolute URL or rooted path of the page that asks the person' }),
  token: Type.String({ description: 'Absolute URL or rooted path where a code becomes a token' }),
  ports: Type.Tuple([Type.Integer(), Type.Integer()], { description: 'Where the CLI may listen; it never takes the last one' }),
})
export type LoginService = Static<typeof LoginService>

/** Our own login service, with rooted paths. Ten ports, because the upper bound is exclusive whatever the documentation says (E03). */
export const TERRAFORM_LOGIN = {
  client: 'terraform-cli',
  grant_types: ['authz_code'],
  authz: '/oauth/authorize',
  token: '/oauth/token',
  ports: [10_000, 10_010],
} satisfies LoginService

/** Sent: the services of this server. Each URL ends in `/`, else clients lose its last segment. Source: protocol.md 1.3, A02. */
export const DiscoveryDocument = Type.Object({
  'modules.v1': Type.String({ pattern: '/$', description: 'Absolute URL or rooted path, ends in "/"' }),
  'providers.v1': Type.String({ pattern: '/$', description: 'Absolute URL or rooted path, ends in "/"' }),
  'login.v1': Type.Optional(LoginService),
})
export type DiscoveryDocument = Static<typeof DiscoveryDocument>

/** Read: the discovery document of an upstream; values of any type, as those of other services are not ours to judge (A33). */
export const UpstreamDiscoveryDocument = Type.Record(Type.String(), Type.Unknown())
export type UpstreamDiscoveryDocument = Static<typeof UpstreamDiscoveryDocument>

/** A service that a host does not offer, or offers in a way that cannot be used. `reason` alone is a phrase. */
export class DiscoveryError extends Error {
  readonly reason: string

  constructor(service: string, reason: string) {
    super(`Cannot use service ${quote(service)}: ${reason}`)
    this.name = 'DiscoveryError'
    this.reason = reason
  }
}

/**
 * The absolute URL of `service`, resolved against the final URL of the document. A path without `/` at its end is not repaired,
 * as in Terraform: endpoint URLs resolved against it then lack its last segment.
 * Source: protocol.md 1.5, A02, A05, A20 to A25, A37.
 * @throws {DiscoveryError} for a missing service, no string, a scheme other than http and https, and user information.
 */
export function resolveServiceUrl(document: UpstreamDiscoveryDocument, service: string, documentUrl: string): string {
  const value = Object.hasOwn(document, service) ? document[service] : undefined
  if (typeof value !== 'string' || value === '') throw new DiscoveryError(service, 'the host does not offer it')
  if (!URL.canParse(value, documentUrl)) throw new DiscoveryError(service, 'its value is not a URL')
  const url = new URL(value, documentUrl)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new DiscoveryError(service, `${quote(url.protocol)} is not http or https`)
  if (url.username !== '' || url.password !== '') throw new DiscoveryError(service, 'its URL has a user name or password')
  url.hash = ''
  url.search = ''
  return url.href
}
