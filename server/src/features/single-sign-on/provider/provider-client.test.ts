import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { createOutbound, type Outbound } from '../../../base/outbound/outbound.ts'
import { type LoopbackServer, startLoopbackServer } from '../../../testing/loopback-server.ts'
import { createTestCertificates } from '../../../testing/test-certificates.ts'
import { listProviders } from '../sign-on-providers.ts'
import { createProviderClient } from './provider-client.ts'

const INPUT = { redirectUri: 'https://registry.example.com/callback', state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }

let folder: string
let caFile: string
let server: LoopbackServer
let outbound: Outbound
let document: Record<string, unknown>
let requests = 0

beforeAll(async () => {
  const certificates = await createTestCertificates()
  folder = await mkdtemp(join(tmpdir(), 'terrace-sso-'))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
  server = await startLoopbackServer((_request, response) => {
    requests += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }, certificates)
  const logger = { debug: () => undefined }
  outbound = createOutbound({ allowedNetworks: ['127.0.0.1', '::1'], apiTimeoutMs: 5000, clock: systemClock, logger })
})

afterEach(() => {
  requests = 0
})

afterAll(async () => {
  await outbound.close()
  await server.close()
  await rm(folder, { recursive: true })
})

function clientOf(trust: { readonly caFile?: string }) {
  const azureAd = { enabled: false, title: '', tenantId: '', clientId: '', clientSecret: '', authority: '', groupsClaim: '' }
  const settings = { name: 'acme', issuer: server.url, clientId: 'terrace', ...trust }
  const [provider] = listProviders({
    auth: { oidc: [settings], azureAd: { ...azureAd, createUsers: false, groupRoles: [], defaultRole: '' } },
  })
  if (provider === undefined) throw new Error('a provider was configured')
  return createProviderClient({ outbound, clock: systemClock }, provider)
}

const documentOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
})

describe('a client of a provider', () => {
  test('believes the CA that is named for it, and asks for the addresses once', async () => {
    document = documentOf(server.url)
    const client = clientOf({ caFile })
    expect((await client.authorizationUrl(INPUT)).href).toMatch(`${server.url}/authorize?`)
    await client.authorizationUrl(INPUT)
    expect(requests).toBe(1)
  })

  test('does not believe a certificate that nobody vouches for', async () => {
    await expect(clientOf({}).authorizationUrl(INPUT)).rejects.toMatchObject({ cause: { code: 'UPSTREAM_REFUSED' } })
  })

  // RFC 9700, section 4.4: whose document it is decides whose answers are believed.
  test('refuses a document of another issuer', async () => {
    document = documentOf('https://evil.example')
    await expect(clientOf({ caFile }).authorizationUrl(INPUT)).rejects.toThrow('does not match the expected issuer')
  })

  test('sends nobody to an address without https', async () => {
    document = { ...documentOf(server.url), authorization_endpoint: 'http://id.example.com/authorize' }
    await expect(clientOf({ caFile }).authorizationUrl(INPUT)).rejects.toThrow('HTTPS')
  })

  test('a failed question is asked again', async () => {
    document = documentOf('https://evil.example')
    const client = clientOf({ caFile })
    await expect(client.authorizationUrl(INPUT)).rejects.toThrow()
    document = documentOf(server.url)
    expect((await client.authorizationUrl(INPUT)).origin).toBe(server.url)
  })
})
