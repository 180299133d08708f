import { describe, expect, test } from 'vitest'
import { createDatabaseFaults } from '../../testing/database-faults.ts'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { publish, publishNew, sha256 } from '../../testing/publish-requests.ts'
import { testApp } from '../../testing/test-app.ts'
import { testClock } from '../../testing/test-edge.ts'

const VERSIONS = '/v1/providers/acme/widget/versions'
const DOCUMENT = '/v1/providers/acme/widget/1.0.0/download/linux/amd64'
const HOST = 'registry.example.com'
const INDEX = `/v1/mirror/${HOST}/acme/widget/index.json`
const ARCHIVES = `/v1/mirror/${HOST}/acme/widget/1.0.0.json`
const DETAIL = '/v1/providers/acme/widget/1.0.0'
const LISTS = [VERSIONS, DOCUMENT, INDEX, ARCHIVES]

/** A server with one published version, whose database can be taken away. */
async function setUp(dialect: Dialect, env: Readonly<Record<string, string>> = {}) {
  const faults = createDatabaseFaults()
  const clock = testClock()
  const app = await testApp(dialect, { TFR_SERVER_PUBLIC_URL: `https://${HOST}`, ...env }, { wrapDatabase: faults.wrap, clock })
  const published = await publishNew(app)
  // Links begin with the public address, which requests without a connection do not have.
  const get = async (url: string) => app.request(url.replace(`https://${HOST}`, ''))
  return { app, faults, clock, published, get }
}

// P5, reliability.md F23
describe.each(DIALECTS)('answers while the database is away, on %s', (dialect) => {
  test('what was asked before is answered as before, and says how old it is', async () => {
    const { faults, clock, get } = await setUp(dialect)
    const before = new Map<string, unknown>()
    for (const url of LISTS) before.set(url, (await get(url)).json())
    faults.goAway()
    clock.advance(30_000)
    for (const url of LISTS) {
      const response = await get(url)
      expect([response.statusCode, response.headers['x-registry-stale'], url]).toEqual([200, '30', url])
      expect(response.json()).toEqual(before.get(url))
    }
    expect(faults.hasFailed()).toBe(true)
  })

  test('a whole install goes on: documents, lists of checksums, signatures and packages', async () => {
    const { faults, clock, published, get } = await setUp(dialect)
    const links = async () => {
      const answer = (await get(DOCUMENT)).json<Record<'download_url' | 'shasums_url' | 'shasums_signature_url', string>>()
      return [answer.download_url, answer.shasums_url, answer.shasums_signature_url]
    }
    const first = await Promise.all((await links()).map(async (link) => (await get(link)).rawPayload))
    faults.goAway()
    // Longer than a rendered document is kept, so that its links are made anew, and than the first links live.
    clock.advance(20 * 60_000)
    const again = await Promise.all((await links()).map(get))
    expect(again.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(again.map(({ rawPayload }) => rawPayload)).toEqual(first)
    expect(`zh:${sha256(again[0]?.rawPayload ?? Buffer.of())}`).toBe(published.platforms[0]?.zh)
  })

  test('the age counts from the last answer of the database, not from when the provider was loaded', async () => {
    const { faults, clock, get } = await setUp(dialect)
    await get(VERSIONS)
    clock.advance(5 * 3_600_000)
    expect((await get(VERSIONS)).headers['x-registry-stale']).toBeUndefined()
    faults.goAway()
    clock.advance(10_000)
    expect((await get(VERSIONS)).headers['x-registry-stale']).toBe('10')
  })

  test('after an hour they end', async () => {
    const { faults, clock, get } = await setUp(dialect)
    await get(VERSIONS)
    faults.goAway()
    clock.advance(3_599_000)
    expect((await get(VERSIONS)).statusCode).toBe(200)
    clock.advance(10_000)
    expect((await get(VERSIONS)).statusCode).toBe(503)
  })

  // A 404 would make clients choose another source without a word (protocol.md N-13).
  test('what was never asked before answers 503, never 404', async () => {
    const { faults, get } = await setUp(dialect)
    await get(VERSIONS)
    faults.goAway()
    for (const url of ['/v1/providers/acme/other/versions', '/v1/mirror/other.example.com/acme/widget/index.json']) {
      const response = await get(url)
      expect([response.statusCode, url]).toEqual([503, url])
      expect(Number(response.headers['retry-after'])).toBeLessThanOrEqual(5)
    }
  })

  test('what was known not to be there stays so', async () => {
    const { faults, get } = await setUp(dialect)
    expect((await get('/v1/providers/acme/other/versions')).statusCode).toBe(404)
    faults.goAway()
    expect((await get('/v1/providers/acme/other/versions')).statusCode).toBe(404)
  })

  test('the providers of the default hostname answer too', async () => {
    const { faults, get } = await setUp(dialect, { TFR_PROVIDERS_DEFAULT_HOSTNAME: 'registry.terraform.io' })
    expect((await get('/v1/providers/hashicorp/null/versions')).statusCode).toBe(404)
    faults.goAway()
    expect((await get('/v1/providers/hashicorp/null/versions')).statusCode).toBe(404)
  })

  test('changes answer 503 and change nothing', async () => {
    const { app, faults, get } = await setUp(dialect)
    await get(VERSIONS)
    await app.asAdmin({ url: '/api/v1/auth/me' })
    faults.goAway()
    expect((await publish(app, { version: '2.0.0' })).statusCode).toBe(503)
    faults.comeBack()
    expect((await get(VERSIONS)).json<{ versions: unknown[] }>().versions).toHaveLength(1)
    expect((await publish(app, { version: '2.0.0' })).statusCode).toBe(201)
  })

  test('the first answer after it came back is new', async () => {
    const { app, faults, clock, get } = await setUp(dialect)
    await get(VERSIONS)
    const other = await testApp(dialect, {}, { beside: app })
    faults.goAway()
    await publishNew(other, { version: '2.0.0' })
    clock.advance(1_000)
    expect((await get(VERSIONS)).json<{ versions: unknown[] }>().versions).toHaveLength(1)
    faults.comeBack()
    // Requests of one turn of the event loop share one look at the database.
    await new Promise(setImmediate)
    const response = await get(VERSIONS)
    expect(response.headers['x-registry-stale']).toBeUndefined()
    expect(response.json<{ versions: unknown[] }>().versions).toHaveLength(2)
  })

  test('the detail documents tell their age as well', async () => {
    const { faults, clock, get } = await setUp(dialect)
    await get(DETAIL)
    faults.goAway()
    clock.advance(7_000)
    const response = await get(DETAIL)
    expect([response.statusCode, response.headers['x-registry-stale']]).toEqual([200, '7'])
  })

  test('discovery and liveness need no database, readiness tells of it', async () => {
    const { faults, get } = await setUp(dialect)
    faults.goAway()
    expect((await get('/.well-known/terraform.json')).statusCode).toBe(200)
    expect((await get('/livez')).statusCode).toBe(200)
    expect((await get('/readyz')).body).toMatch(/degraded|unavailable|failed/)
  })
})
