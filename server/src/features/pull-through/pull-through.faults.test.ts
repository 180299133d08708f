import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createDatabaseFaults } from '../../testing/database-faults.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import type { Defects } from '../../testing/fake-upstream/fake-version.ts'
import { startLoopbackServer } from '../../testing/loopback-server.ts'
import { archivesOf, definitionOf, load, ORIGIN, quarantineOf, runJobs } from '../../testing/mirror-jobs.ts'
import { listedVersions, onDemandApp } from '../../testing/on-demand.ts'
import type { TestApp } from '../../testing/test-app.ts'
import { withObjectClaims } from '../intake/index.ts'

const NAME = 'acme/widget'
const INDEX = `/v1/mirror/${ORIGIN}/${NAME}/index.json`
const HOUR_MS = 3_600_000

async function upstreamWith(defects: Defects = {}, versions: readonly string[] = ['1.0.0']): Promise<FakeUpstream> {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  await upstream.addProvider(NAME, { versions: Object.fromEntries(versions.map((version) => [version, { defects }])) })
  return upstream
}

/** An upstream that takes requests and never answers. */
async function silentUpstream() {
  let requests = 0
  const server = await startLoopbackServer(() => {
    requests += 1
  })
  onTestFinished(server.close)
  return { url: server.url, count: () => requests }
}

const linkOf = async (app: TestApp, version = '1.0.0') => (await archivesOf(app, NAME, version)).linux_amd64?.url ?? ''
const versionLists = (upstream: FakeUpstream) => upstream.countRequests('/versions')
const zipRequests = (upstream: FakeUpstream) => upstream.countRequests('.zip')

describe.each(DIALECTS)('version lists on %s', (dialect) => {
  test('one that is no longer fresh is answered at once and renewed in the background', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    await listedVersions(app, NAME)
    await upstream.addProvider(NAME, { versions: { '1.1.0': {} } })
    expect(await listedVersions(app, NAME)).toEqual(['1.0.0'])
    expect(versionLists(upstream)).toBe(1)
    await app.pass(301_000)
    const stale = await app.request(INDEX)
    expect([stale.json(), stale.headers['x-registry-stale']]).toEqual([{ versions: { '1.0.0': {} } }, undefined])
    await vi.waitFor(async () => expect(await listedVersions(app, NAME)).toEqual(['1.1.0', '1.0.0']), 5_000)
    expect(versionLists(upstream)).toBe(2)
  })

  test('a restarted server answers from the database, without a request', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    await listedVersions(app, NAME)
    upstream.requests.length = 0
    const restarted = await onDemandApp(dialect, upstream, { beside: app, works: false })
    expect(await listedVersions(restarted, NAME)).toEqual(['1.0.0'])
    expect(upstream.requests).toEqual([])
  })

  // reliability.md F16; protocol.md N-13
  test('the last one is answered, and says its age, while the upstream is down; what is held installs', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    const zip = await app.request((await app.request(await linkOf(app))).headers.location ?? '')
    expect(zip.statusCode).toBe(200)
    await upstream.close()
    await app.pass(25 * HOUR_MS)
    const response = await app.request(INDEX)
    expect([response.statusCode, response.json()]).toEqual([200, { versions: { '1.0.0': {} } }])
    expect(Number(response.headers['x-registry-stale'])).toBeGreaterThanOrEqual(25 * 3600)
    const link = await linkOf(app)
    expect(link).toContain('/files/')
    expect((await app.request(link)).statusCode).toBe(200)
  })

  test('one that is within its greatest age does not make anybody wait for a silent upstream', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    await listedVersions(app, NAME)
    await upstream.setDefects(NAME, '1.0.0', { status: { on: 'versions', status: 503 } })
    await app.pass(301_000)
    expect(await listedVersions(app, NAME)).toEqual(['1.0.0'])
    await vi.waitFor(async () => expect((await app.request(INDEX)).headers['x-registry-stale']).toBe('301'), 5_000)
  })

  test('what was loaded answers although no list can be had', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    await load(app, definitionOf(NAME))
    await upstream.setDefects(NAME, '1.0.0', { status: { on: 'versions', status: 503 } })
    const response = await app.request(INDEX)
    expect([response.statusCode, response.json(), response.headers['x-registry-stale']]).toEqual([200, { versions: { '1.0.0': {} } }, '1'])
    expect(await linkOf(app)).toContain('/files/')
  })

  // P5, reliability.md F23
  test('what is held answers, marked, while the database is away', async () => {
    const faults = createDatabaseFaults()
    const app = await onDemandApp(dialect, await upstreamWith({}, ['1.0.0', '1.1.0']), { wrapDatabase: faults.wrap })
    const file = (await app.request(await linkOf(app))).headers.location ?? ''
    const before = await listedVersions(app, NAME)
    expect(await linkOf(app)).toContain('/files/')
    expect((await app.request(file)).statusCode).toBe(200)
    faults.goAway()
    app.clock.advance(90_000)
    const index = await app.request(INDEX)
    expect([Object.keys(index.json<{ versions: object }>().versions), index.headers['x-registry-stale']]).toEqual([before, '90'])
    expect(await linkOf(app)).toContain('/files/')
    expect((await app.request(file)).statusCode).toBe(200)
    expect(faults.hasFailed()).toBe(true)
  })

  // field.md 13
  test('a version that the known list lacks is looked for at once, at most every ten seconds', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    await listedVersions(app, NAME)
    await upstream.addProvider(NAME, { versions: { '1.1.0': {} } })
    expect(await archivesOf(app, NAME, '1.1.0')).toEqual({})
    expect(versionLists(upstream)).toBe(1)
    await app.pass(11_000)
    expect(Object.keys(await archivesOf(app, NAME, '1.1.0'))).toEqual(['linux_amd64'])
    for (let tries = 0; tries < 5; tries++) expect(await archivesOf(app, NAME, '9.9.9')).toEqual({})
    expect(versionLists(upstream)).toBe(2)
  })

  // reliability.md F15, F16
  test.each([
    [429, 503, 'the upstream'],
    [500, 504, 'HTTP 500'],
    [403, 502, 'HTTP 403'],
  ])('an upstream that answers %i with nothing known is a %i that says so', async (status, expected) => {
    const upstream = await upstreamWith({ status: { on: 'versions', status, retryAfter: '120' } })
    const app = await onDemandApp(dialect, upstream)
    const response = await app.request(INDEX)
    expect(response.statusCode).toBe(expected)
    const [message = ''] = response.json<{ errors: string[] }>().errors
    expect(message).toContain(`Cannot list the versions of "${ORIGIN}/${NAME}" from upstream "${ORIGIN}": `)
    // Longer waits make the client sit there without a word (protocol.md 8.6).
    expect(response.headers['retry-after']).toBe(expected === 502 ? undefined : '5')
  })

  // reliability.md F17
  test('a silent upstream with nothing known is a 504 in time, for all who wait, and is not asked again at once', async () => {
    const upstream = await silentUpstream()
    const app = await onDemandApp(dialect, upstream, { waits: { listMs: 400 } })
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.request(INDEX)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([504]))
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(upstream.count()).toBe(1)
    const asked = upstream.count()
    expect((await app.request(INDEX)).statusCode).toBe(504)
    expect(upstream.count()).toBe(asked)
  })

  test('a flood of names that nobody has heard of becomes a trickle of requests', async () => {
    let asked = 0
    const server = await startLoopbackServer((request, response) => {
      if (request.url?.endsWith('/versions')) asked += 1
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"providers.v1":"/v1/providers/"}')
    })
    onTestFinished(server.close)
    const app = await onDemandApp(dialect, server, { waits: { listMs: 1_000 } })
    const names = Array.from({ length: 60 }, (_, index) => `nobody/thing-${index}`)
    const answers = await Promise.all(names.map((name) => app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([504]))
    // On a busy machine one that came late may still have time left when the first of them give up.
    expect(asked).toBeGreaterThanOrEqual(16)
    expect(asked).toBeLessThan(24)
  })

  test('a connection that fails once is tried once more', async () => {
    const upstream = await upstreamWith({ status: { on: 'versions', status: 502, times: 1 } })
    const app = await onDemandApp(dialect, upstream)
    expect(await listedVersions(app, NAME)).toEqual(['1.0.0'])
    expect(versionLists(upstream)).toBe(2)
  })
})

describe.each(DIALECTS)('packages on demand on %s', (dialect) => {
  // reliability.md F19
  test('one that was changed on its way is quarantined and never served; those who come meanwhile are told without a download', async () => {
    const upstream = await upstreamWith({ corruptByte: true })
    const app = await onDemandApp(dialect, upstream)
    const link = await linkOf(app)
    const responses = await Promise.all([app.request(link), app.request(link)])
    for (const response of responses) {
      expect([response.statusCode, response.headers['content-type']]).toEqual([502, 'text/plain; charset=utf-8'])
      expect(response.body).toContain(`from upstream "${ORIGIN}": it failed verification`)
    }
    expect(await quarantineOf(app, 'acme')).toMatchObject([{ step: 'checksum', code: 'CHECKSUM_MISMATCH' }])
    const downloads = zipRequests(upstream)
    expect((await app.request(link)).statusCode).toBe(502)
    expect(zipRequests(upstream)).toBe(downloads)
    expect(await linkOf(app)).toContain('/pull/')
  })

  // reliability.md F20, F21
  test.each<[string, Defects, string]>([
    ['a signature over something else', { badSignature: true }, 'signature'],
    ['no signature', { missingSignature: true }, 'signature'],
    ['a list with a blank line', { blankLine: true }, 'shasums'],
  ])('a version with %s is refused before any package of it is fetched, and quarantined', async (_name, defects, step) => {
    const upstream = await upstreamWith(defects)
    const app = await onDemandApp(dialect, upstream)
    const response = await app.request(`/v1/mirror/${ORIGIN}/${NAME}/1.0.0.json`)
    expect(response.statusCode).toBe(502)
    expect(response.json<{ errors: string[] }>().errors[0]).toContain(
      `Cannot read the checksums of "${ORIGIN}/${NAME}" "1.0.0" from upstream`,
    )
    expect(await quarantineOf(app, 'acme')).toMatchObject([{ step }])
    expect(zipRequests(upstream)).toBe(0)
  })

  test('a waiter is told to come again when its time is over, and the fetch goes on without it', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false, waits: { packageMs: 300 } })
    const link = await linkOf(app)
    const late = await app.request(link)
    expect([late.statusCode, late.headers['retry-after']]).toEqual([504, '5'])
    expect(late.body).toContain('it is not here after 0.3 seconds')
    runJobs(app)
    await vi.waitFor(async () => expect(await linkOf(app)).toContain('/files/'), 10_000)
    expect(zipRequests(upstream)).toBe(1)
    expect((await app.request(link)).statusCode).toBe(302)
  })

  test('an upstream that asks to wait is passed on at once', async () => {
    const upstream = await upstreamWith({ status: { on: 'package', status: 429, retryAfter: '300' } })
    const app = await onDemandApp(dialect, upstream)
    const link = await linkOf(app)
    const startedAt = performance.now()
    const response = await app.request(link)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  // P6: whoever had to wait for its turn to ask looks once more.
  test('one that came in while a client waited for its turn is served without a job', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream)
    const link = await linkOf(app)
    const turn = { keys: [`pulls/${ORIGIN}/${NAME} 1.0.0 linux_amd64`], waitMs: 0 }
    const waiting = await withObjectClaims(app.deps.database.db, turn, async () => {
      const answer = app.request(link)
      await load(app, definitionOf(NAME))
      return { answer }
    })
    expect((await waiting.answer).statusCode).toBe(302)
    expect(zipRequests(upstream)).toBe(1)
    const { jobs } = await app.deps.queue.listJobs({ limit: 10, offset: 0 })
    expect(jobs.map(({ title }) => title)).toEqual([expect.not.stringContaining('on demand')])
  })

  // reliability.md P6; the promise of the mirror
  test('two hundred clients of two servers cost the upstream one list and one download', { timeout: 120_000 }, async () => {
    const upstream = await upstreamWith({}, ['1.0.0', '1.1.0'])
    const first = await onDemandApp(dialect, upstream)
    const second = await onDemandApp(dialect, upstream, { beside: first })
    const client = async (app: TestApp) => {
      await listedVersions(app, NAME)
      const redirect = await app.request(await linkOf(app, '1.1.0'))
      return (await app.request(redirect.headers.location ?? '')).statusCode
    }
    const statuses = await Promise.all(Array.from({ length: 200 }, (_, index) => client(index % 2 === 0 ? first : second)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(versionLists(upstream)).toBe(1)
    expect(zipRequests(upstream)).toBe(1)
    expect((await first.deps.queue.listJobs({ limit: 10, offset: 0 })).total).toBe(1)
  })
})
