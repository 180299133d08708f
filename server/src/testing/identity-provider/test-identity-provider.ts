import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'

/** A real OpenID provider on loopback, with ways to misbehave. */
export interface TestIdentityProvider {
  readonly issuer: string
  /** Claims of each person by login; the login is the subject. */
  readonly people: Map<string, Record<string, unknown>>
  /** Takes new keys into use and forgets the old ones. */
  rotateKeys(): Promise<void>
  /** Changes the claims of the ID tokens from now on; they are signed with the provider's key all the same. */
  changeClaims(change: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined): void
  /** Signs the ID tokens from now on in another way. */
  signOtherwise(sign: ((claims: Record<string, unknown>) => Promise<string>) | undefined): void
  /** Requests to a path since the start. */
  countRequests(path: string): number
  close(): Promise<void>
}

/** The client that is registered at the provider. */
export interface TestClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  /** Path of the issuer, for example `/TENANT/v2.0`; default none. */
  readonly issuerPath?: string
}

const CLAIMS = {
  openid: ['sub', 'tid', 'oid', 'xms_edov', '_claim_names'],
  email: ['email', 'email_verified'],
  profile: ['name', 'preferred_username'],
  groups: ['groups'],
}

interface Keys {
  readonly jwk: JWK
}

let keyNumber = 0

async function makeKeys(): Promise<Keys> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  keyNumber += 1
  return { jwk: { ...(await exportJWK(privateKey)), kid: `key-${keyNumber}`, alg: 'ES256', use: 'sig' } }
}

/** Starts one; everybody may sign in with any password. */
export async function startTestIdentityProvider(client: TestClient): Promise<TestIdentityProvider> {
  const people: TestIdentityProvider['people'] = new Map()
  const counts = new Map<string, number>()
  const { issuerPath = '' } = client
  let keys = await makeKeys()
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined
  let changeClaims: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined
  let sign: ((claims: Record<string, unknown>) => Promise<string>) | undefined
  const forge = async (claims: Record<string, unknown>) => {
    const changed = changeClaims?.(claims) ?? claims
    return sign === undefined ? signWith(keys, changed) : sign(changed)
  }
  const server: LoopbackServer = await startLoopbackServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    counts.set(path, (counts.get(path) ?? 0) + 1)
    if (path === `${issuerPath}/token` && (changeClaims ?? sign) !== undefined) forgeIdTokens(response, forge)
    // The library is mounted below the path of the issuer.
    Object.assign(request, { originalUrl: request.url, url: (request.url ?? '').slice(issuerPath.length) || '/' })
    handle(request, response)
  })
  const issuer = `${server.url}${issuerPath}`
  const mount = () => {
    handle = createProvider({ issuer, client, keys, people }).callback()
  }
  mount()
  return {
    issuer,
    people,
    async rotateKeys() {
      keys = await makeKeys()
      mount()
    },
    changeClaims: (change) => {
      changeClaims = change
    },
    signOtherwise: (otherwise) => {
      sign = otherwise
    },
    countRequests: (path) => counts.get(`${issuerPath}${path}`) ?? 0,
    close: () => server.close(),
  }
}

interface ProviderParts {
  readonly issuer: string
  readonly client: TestClient
  readonly keys: Keys
  readonly people: TestIdentityProvider['people']
}

function createProvider({ issuer, client, keys, people }: ProviderParts): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [client.redirectUri],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [keys.jwk as never] },
    cookies: { keys: ['a secret of the test'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, AuthorizationCode: 60, IdToken: 3600 },
    claims: CLAIMS,
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  })
}

async function signWith({ jwk }: Keys, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '' }).sign(await importJWK(jwk, 'ES256'))
}

/** Replaces the ID token in an answer of the token endpoint. */
function forgeIdTokens(response: ServerResponse, forge: (claims: Record<string, unknown>) => Promise<string>): void {
  const end = response.end.bind(response)
  response.end = ((body: string | Buffer) => {
    const answer = JSON.parse(String(body)) as { id_token?: string }
    const claims = JSON.parse(Buffer.from((answer.id_token ?? '..').split('.')[1] ?? '', 'base64url').toString() || '{}')
    void forge(claims).then((idToken) => {
      const changed = JSON.stringify({ ...answer, id_token: idToken })
      response.setHeader('content-length', Buffer.byteLength(changed))
      end(changed)
    })
    return response
  }) as ServerResponse['end']
}
