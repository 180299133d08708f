import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { publishNewModule } from './testing/publish-modules.ts'
import { publishNew } from './testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from './testing/test-app.ts'

const MARK = 'evil'

/** Ways in which a client may say under which name it reached us, and what somebody may put there. */
const name = fc.constantFrom(
  `${MARK}.example`,
  `${MARK}.example:8443`,
  `localhost.${MARK}.example`,
  `127.0.0.1.${MARK}.example`,
  `localhost@${MARK}.example`,
  `${MARK}.example#localhost`,
  `localhost, ${MARK}.example`,
  `[::1].${MARK}.example`,
  `EVIL-${MARK}.example`,
)
const value = fc.oneof(
  name,
  name.map((host) => `https://${host}/`),
  name.map((host) => `/${host}/..`),
)
const headers = fc.record(
  {
    host: name,
    'x-forwarded-host': name,
    'x-forwarded-server': name,
    'x-forwarded-proto': fc.constantFrom('https', 'http', `${MARK}://`),
    'x-forwarded-port': fc.constantFrom('443', MARK),
    'x-forwarded-prefix': value,
    'x-forwarded-for': fc.constantFrom('127.0.0.1', '10.0.0.1'),
    forwarded: name.map((host) => `for=127.0.0.1;host=${host};proto=https`),
    'x-original-url': value,
    'x-original-host': name,
    'x-rewrite-url': value,
    'x-host': name,
    'x-http-host-override': name,
    origin: name.map((host) => `https://${host}`),
    referer: name.map((host) => `https://${host}/`),
    via: name,
  },
  { requiredKeys: ['host'] },
)

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Every route that answers a read, with something in the place of its parameters. */
async function listReads(app: OpenTestApp): Promise<string[]> {
  const { paths } = (await app.request('/openapi.json')).json<OpenApi>()
  const described = Object.entries(paths).filter(([, operations]) => operations.get !== undefined)
  const filled = described.map(([path]) => path.replaceAll(/\{[^}]+\}/g, '1.0.0'))
  return [...filled, '/openapi.json', '/api-docs', '/api-docs/', '/nowhere', '/api/nowhere', '/v1/nowhere', '/oauth/authorize']
}

const MODULE_DOWNLOAD = '/v1/modules/acme/net/aws/1.0.0/download'

/** Documents about something that is there; they hold links. */
const HANDED_OUT = [
  '/v1/providers/acme/widget',
  '/v1/providers/acme/widget/versions',
  '/v1/providers/acme/widget/1.0.0',
  '/v1/providers/acme/widget/1.0.0/download/linux/amd64',
  '/v1/modules?limit=1',
  '/v1/modules/search?q=net&limit=1',
  '/v1/modules/acme?limit=1',
  '/v1/modules/acme/net/aws',
  '/v1/modules/acme/net/aws/1.0.0',
  '/v1/modules/acme/net/aws/versions',
  '/v1/modules/acme/net/aws/download',
  MODULE_DOWNLOAD,
]

async function openPublished(env: Readonly<Record<string, string>>): Promise<OpenTestApp> {
  const app = await openTestApp('sqlite', { TFR_RATE_LIMIT_ENABLED: 'false', ...env })
  await publishNew(app)
  for (const address of ['acme/net/aws', 'acme/net/azurerm']) await publishNewModule(app, { address })
  return app
}

describe.each([
  ['without a public address', {}],
  ['with a public address', { TFR_SERVER_PUBLIC_URL: 'https://registry.example.com' }],
  ['behind a proxy that did not send it', { TFR_SERVER_BEHIND_PROXY: 'true', TFR_SERVER_TRUSTED_PROXIES: '192.0.2.7' }],
])('names that a client chooses, %s', (_name, env) => {
  let app: OpenTestApp
  let urls: string[]

  beforeAll(async () => {
    app = await openPublished(env)
    urls = [...(await listReads(app)), ...HANDED_OUT]
  })

  afterAll(() => app.close())

  // reliability.md row 36
  test('never get into an answer or its headers', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.boolean(), async (hostile, signedIn) => {
        for (const url of urls) {
          const answer = await (signedIn ? app.asAdmin({ url, headers: hostile }) : app.request({ url, headers: hostile }))
          expect(`${url} ${JSON.stringify(answer.headers)} ${answer.body}`.toLowerCase()).not.toContain(MARK)
        }
      }),
      { numRuns: 10 },
    )
  }, 60_000)

  test('the documents that hold links are there', async () => {
    const answers = await Promise.all(HANDED_OUT.map(async (url) => [url, (await app.asAdmin({ url })).statusCode < 400]))
    expect(answers.filter(([, found]) => !found)).toEqual([])
  })
})

describe('a proxy that is trusted', () => {
  test('says under which name clients reach us', async () => {
    const app = await openPublished({ TFR_SERVER_BEHIND_PROXY: 'true', TFR_SERVER_TRUSTED_PROXIES: '127.0.0.1' })
    onTestFinished(() => app.close())
    const headers = { 'x-forwarded-host': 'evil.example, proxy.example', 'x-forwarded-proto': 'https' }
    const { headers: answered } = await app.asAdmin({ url: MODULE_DOWNLOAD, headers })
    // A client may have put something before it.
    expect(answered['x-terraform-get']).toMatch(/^https:\/\/proxy\.example\/files\//)
  })
})
