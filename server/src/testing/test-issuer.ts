import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { startLoopbackServer } from './loopback-server.ts'

/** A CI system on loopback that gives identity tokens. */
export interface TestIssuer {
  readonly issuer: string
  /** A token with these claims, and what every token has, signed by the current key. */
  sign(claims: JWTPayload, options?: SignOptions): Promise<string>
  /** Takes a new key into use and forgets the old one. */
  rotateKeys(): Promise<void>
  /** The public key as the issuer lists it. */
  publicKey(): JWK
  /** Requests so far. */
  requestCount(): number
  /** What the discovery document says from now on. */
  changeDiscovery(change: (document: Record<string, unknown>) => Record<string, unknown>): void
  close(): Promise<void>
}

/** What a test changes of a token. */
export interface SignOptions {
  /** Unix ms at which the token is made; it lives for five minutes. */
  readonly at?: number
  /** Default: the issuer's own. */
  readonly key?: CryptoKey
}

const LIFE_SECONDS = 300

/** Starts it on a free port; `path` is the path of the issuer. With `tls` it speaks https. */
export async function startTestIssuer(path = '', tls?: Parameters<typeof startLoopbackServer>[1]): Promise<TestIssuer> {
  let count = 0
  let generation = 0
  let current = await createKey(generation)
  let discover = (document: Record<string, unknown>) => document
  const server = await startLoopbackServer((request, response) => {
    count += 1
    const isDiscovery = request.url === `${path}/.well-known/openid-configuration`
    const document = isDiscovery ? discover({ issuer, jwks_uri: `${server.url}/keys` }) : { keys: [current.jwk] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }, tls)
  const issuer = `${server.url}${path}`
  return {
    issuer,
    async sign(claims, { at = Date.now(), key = current.privateKey } = {}) {
      const iat = Math.floor(at / 1000)
      const payload = { iss: issuer, aud: 'terrace', iat, nbf: iat, exp: iat + LIFE_SECONDS, jti: crypto.randomUUID(), ...claims }
      return await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: current.jwk.kid ?? '' }).sign(key)
    },
    async rotateKeys() {
      generation += 1
      current = await createKey(generation)
    },
    publicKey: () => current.jwk,
    requestCount: () => count,
    changeDiscovery(change) {
      discover = change
    },
    close: () => server.close(),
  }
}

async function createKey(generation: number): Promise<{ jwk: JWK; privateKey: CryptoKey }> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${generation}`, alg: 'RS256', use: 'sig' } }
}

/** Claims as GitHub makes them. Source: https://docs.github.com/actions/reference/security/oidc */
export const GITHUB_CLAIMS = {
  sub: 'repo:acme/widget:ref:refs/heads/main',
  repository: 'acme/widget',
  repository_owner: 'acme',
  repository_id: '74',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  workflow: 'release',
  event_name: 'push',
  run_id: '1024',
  runner_environment: 'github-hosted',
}

/** Claims as GitLab makes them. Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export const GITLAB_CLAIMS = {
  sub: 'project_path:acme/widget:ref_type:branch:ref:main',
  project_path: 'acme/widget',
  project_id: '20',
  namespace_path: 'acme',
  ref: 'main',
  ref_type: 'branch',
  ref_protected: 'true',
  pipeline_source: 'push',
  user_access_level: 'maintainer',
  groups_direct: ['acme', 'tools/release'],
}

/** Claims as Azure DevOps makes them. Source: https://learn.microsoft.com/azure/devops/pipelines/library/connect-to-azure */
export const AZURE_CLAIMS = {
  sub: 'sc://acme/registry/terrace',
  org_id: '6f7b0c38-7a2e-4a0e-9a52-2f0d3f3a6a10',
  prj_id: 'a3f1d1e0-6c6c-4d0a-8c7d-0b4c1d8f2b11',
  def_id: 42,
  rpo_ref: 'refs/heads/main',
}
