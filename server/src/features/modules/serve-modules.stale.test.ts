import { describe, expect, test } from 'vitest'
import { createDatabaseFaults } from '../../testing/database-faults.ts'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { downloadModule, publishModule, publishNewModule } from '../../testing/publish-modules.ts'
import { testApp } from '../../testing/test-app.ts'
import { testClock } from '../../testing/test-edge.ts'

const NET = 'acme/net/aws'
const VERSIONS = `/v1/modules/${NET}/versions`
const DOWNLOAD = `/v1/modules/${NET}/1.0.0/download`

/** A server with one published module, whose database can be taken away. */
async function setUp(dialect: Dialect) {
  const faults = createDatabaseFaults()
  const clock = testClock()
  const app = await testApp(dialect, {}, { wrapDatabase: faults.wrap, clock })
  const published = await publishNewModule(app)
  return { app, faults, clock, published }
}

// P5, reliability.md F23
describe.each(DIALECTS)('modules while the database is away, on %s', (dialect) => {
  test('list and link are answered as before, and say how old they are', async () => {
    const { app, faults, clock } = await setUp(dialect)
    const before = (await app.request(VERSIONS)).json()
    // Requests of one turn of the event loop share one look at the database.
    await new Promise(setImmediate)
    faults.goAway()
    clock.advance(30_000)
    const [versions, download] = [await app.request(VERSIONS), await app.request(DOWNLOAD)]
    expect([versions.statusCode, versions.headers['x-registry-stale'], versions.json()]).toEqual([200, '30', before])
    expect([download.statusCode, download.headers['x-registry-stale']]).toEqual([204, '30'])
    expect(faults.hasFailed()).toBe(true)
  })

  test('a whole install goes on, and its download is counted once the database is back', async () => {
    const { app, faults, clock, published } = await setUp(dialect)
    await app.request(VERSIONS)
    faults.goAway()
    clock.advance(20 * 60_000)
    expect(await downloadModule(app, NET, '1.0.0')).toEqual({ status: 200, sha256: published.sha256 })
    await app.deps.downloads.flush()
    faults.comeBack()
    await app.deps.downloads.flush()
    expect((await app.request(`/v1/modules/${NET}`)).json()).toMatchObject({ downloads: 1 })
  })

  // protocol.md M-17: not longer than a client waits.
  test('what was never asked before, and what is not kept, answers 503 and when to come again', async () => {
    const { app, faults } = await setUp(dialect)
    await app.request(VERSIONS)
    faults.goAway()
    for (const url of ['/v1/modules/acme/other/aws/versions', `/v1/modules/${NET}`, '/v1/modules/search?q=net', `/api/v1/modules/${NET}`]) {
      const response = await app.request(url)
      expect([response.statusCode, url]).toEqual([503, url])
      expect(Number(response.headers['retry-after'])).toBeLessThanOrEqual(5)
    }
  })

  test('publishing answers 503 and changes nothing', async () => {
    const { app, faults } = await setUp(dialect)
    await app.asAdmin({ url: '/api/v1/auth/me' })
    faults.goAway()
    expect((await publishModule(app, { version: '2.0.0' })).statusCode).toBe(503)
    faults.comeBack()
    expect((await publishModule(app, { version: '2.0.0' })).statusCode).toBe(201)
  })
})
