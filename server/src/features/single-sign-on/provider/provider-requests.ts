import type { JSONWebKeySet } from 'jose'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  None,
} from 'openid-client'
import type { Outbound, SentAnswer } from '../../../base/outbound/outbound.ts'
import type { SignOnProvider } from '../sign-on-providers.ts'

const MAX_ANSWER_BYTES = 512 * 1024

/** How requests to a provider leave: through `base/outbound`, which checks addresses, sizes and times. */
export function providerFetch(outbound: Pick<Outbound, 'send'>, { caFile }: Pick<SignOnProvider, 'caFile'>): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await outbound.send(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      maxBytes: MAX_ANSWER_BYTES,
      ...optional({ body: body == null ? undefined : String(body), signal, caFile }),
    })
    return toResponse(answer)
  }
}

/** Leaves out what is not given. */
function optional<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function toResponse({ status, headers, body }: SentAnswer): Response {
  const type = headers['content-type']
  // A Response may not have a body for every status.
  const content = status === 204 || status === 304 ? null : new Uint8Array(body)
  return new Response(content, { status, headers: type === undefined ? {} : { 'content-type': type } })
}

/** Reads the discovery document; the issuer in it must be the configured one. Source: OpenID Connect Discovery 1.0, section 4.3 */
export function discoverProvider({ issuer, clientId, clientSecret }: SignOnProvider, send: CustomFetch): Promise<Configuration> {
  const execute = issuer.startsWith('http://') ? [allowInsecureRequests] : []
  const authenticate = clientSecret === '' ? None() : authenticateBy(clientSecret)
  return discovery(new URL(issuer), clientId, undefined, authenticate, { [customFetch]: send, execute })
}

/** In the header, unless the provider takes the secret in the body only. Source: RFC 6749, section 2.3.1 */
function authenticateBy(secret: string): ClientAuth {
  const [inHeader, inBody] = [ClientSecretBasic(secret), ClientSecretPost(secret)]
  return (...request) => {
    const [{ token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }] = request
    return (methods.includes('client_secret_basic') ? inHeader : inBody)(...request)
  }
}

/** Reads the provider's keys. */
export async function fetchProviderKeys(found: Configuration, send: CustomFetch): Promise<JSONWebKeySet> {
  const metadata = found.serverMetadata()
  const address = URL.parse(metadata.jwks_uri ?? '')
  if (address === null || (address.protocol !== 'https:' && !metadata.issuer.startsWith('http://'))) {
    throw new TypeError(`the provider "${metadata.issuer}" names no keys at an https address`)
  }
  const headers = { accept: 'application/json' }
  const answer = await send(address.href, { method: 'GET', headers, body: undefined, redirect: 'manual' })
  if (answer.status !== 200) throw new TypeError(`the provider "${metadata.issuer}" answered ${answer.status} for its keys`)
  return (await answer.json()) as JSONWebKeySet
}
