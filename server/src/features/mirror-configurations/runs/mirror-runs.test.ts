import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { type FakeUpstreamOptions, startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, mirrorSettings, ORIGIN, readJob, retry, runJobs, untilDone } from '../../../testing/mirror-jobs.ts'
import { testApp } from '../../../testing/test-app.ts'
import { testClock } from '../../../testing/test-edge.ts'
import { askMirror, createTestMirror, historyOf, packagesOf, startSync, syncMirror } from '../../../testing/test-mirrors.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const BOTH = ['linux_amd64', 'darwin_arm64']

async function openBench(dialect: Dialect, options: FakeUpstreamOptions = {}) {
  const upstream = await startFakeUpstream(options)
  onTestFinished(() => upstream.close())
  const clock = testClock()
  const app = await testApp(dialect, mirrorSettings(upstream, { TFR_AUTH_JWT_EXPIRATION_HOURS: '8760' }), { clock })
  const worker = runJobs(app)
  return { upstream, app, clock, worker }
}

describe.each(DIALECTS)('a run of a mirror on %s', (dialect) => {
  test('brings what the settings ask for, once', async () => {
    const { upstream, app } = await openBench(dialect)
    const platforms = BOTH
    await upstream.addProvider('acme/widget', {
      versions: {
        '1.0.0': { platforms },
        '1.1.0': { platforms },
        '1.2.0': { platforms },
        '2.0.0': { platforms },
        '1.3.0-rc.1': { platforms },
      },
    })
    await createTestMirror(app, { providers: ['acme/widget'], versions: ['~> 1.0'], platforms: ['linux_amd64'], keep_newest: 2 })
    const job = await syncMirror(app, 'test')
    expect(job).toMatchObject({ title: 'Sync mirror test', state: 'completed', failed: 0 })
    expect(packagesOf(job)).toEqual(['acme/widget 1.1.0 linux_amd64', 'acme/widget 1.2.0 linux_amd64'])
    const index = await app.request(`/v1/mirror/${ORIGIN}/acme/widget/index.json`)
    expect(Object.keys(index.json<{ versions: object }>().versions).sort()).toEqual(['1.1.0', '1.2.0'])
    upstream.requests.length = 0
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual([])
    expect(upstream.requests.filter(({ path }) => path.startsWith('/files') || path.includes('/download/'))).toEqual([])
  })

  test('adds the platforms that are missing of a version, and pre-releases when they are wanted', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: BOTH }, '1.1.0-rc.1': { platforms: BOTH } } })
    await createTestMirror(app, { providers: ['acme/widget'], platforms: ['linux_amd64'] })
    await syncMirror(app, 'test')
    await askMirror(app, 'PATCH /test', { platforms: [], prereleases: true })
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual([
      'acme/widget 1.0.0 darwin_arm64',
      'acme/widget 1.1.0-rc.1 darwin_arm64',
      'acme/widget 1.1.0-rc.1 linux_amd64',
    ])
  })

  test('is limited to one provider, or one version of it', async () => {
    const { upstream, app } = await openBench(dialect)
    for (const name of ['acme/widget', 'acme/gadget']) await upstream.addProvider(name, { versions: { '1.0.0': {}, '1.1.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget', 'acme/gadget'], keep_newest: 1 })
    expect(packagesOf(await syncMirror(app, 'test', { provider: 'acme/gadget' }))).toEqual(['acme/gadget 1.1.0 linux_amd64'])
    const one = await syncMirror(app, 'test', { provider: 'Acme/Widget', version: '1.0.0' })
    expect([one.title, packagesOf(one)]).toEqual(['Sync mirror test acme/widget 1.0.0', ['acme/widget 1.0.0 linux_amd64']])
    const missing = await syncMirror(app, 'test', { provider: 'acme/widget', version: '9.9.9' })
    expect(missing.items[0]).toMatchObject({ state: 'failed', error_code: 'PROVIDER_VERSION_NOT_FOUND' })
    for (const scope of [{ provider: 'acme/other' }, { version: '1.0.0' }, { provider: 'acme/widget', version: 'newest' }]) {
      expect((await askMirror(app, 'POST /test/sync', { scope })).json().code).toBe('RULE_BROKEN')
    }
  })

  test('brings every provider of a namespace where the upstream lists them, and says so where it does not', async () => {
    const listing = await openBench(dialect, { listsNamespaces: true })
    for (const name of ['acme/widget', 'acme/gadget', 'other/thing'])
      await listing.upstream.addProvider(name, { versions: { '1.0.0': {} } })
    await createTestMirror(listing.app, { namespaces: ['acme'] })
    const job = await syncMirror(listing.app, 'test')
    expect(packagesOf(job)).toEqual(['acme/gadget 1.0.0 linux_amd64', 'acme/widget 1.0.0 linux_amd64'])
    const silent = await openBench(dialect)
    await createTestMirror(silent.app, { providers: ['acme/*'] })
    const refused = await syncMirror(silent.app, 'test')
    expect(refused.items[0]).toMatchObject({ state: 'failed', error_code: 'UPSTREAM_REFUSED' })
    expect(refused.items[0]?.error_message).toContain('offers no such list')
  })

  test('leaves a version that is too young, by the time that the upstream tells', async () => {
    const { upstream, app, clock } = await openBench(dialect)
    const ago = (days: number) => new Date(clock.now() - days * DAY_MS).toISOString()
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { publishedAt: ago(30) }, '1.1.0': { publishedAt: ago(5) } } })
    await createTestMirror(app, { providers: ['acme/widget'], cool_down_days: 7, keep_newest: 1 })
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual(['acme/widget 1.0.0 linux_amd64'])
    clock.advance(3 * DAY_MS)
    upstream.requests.length = 0
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual(['acme/widget 1.1.0 linux_amd64'])
    // Its age is known by now.
    expect(upstream.requests.filter(({ path }) => path.endsWith('/widget/1.1.0'))).toEqual([])
  })

  test('counts from the first time it saw a version whose age the upstream does not tell', async () => {
    const { upstream, app, clock } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget'], cool_down_days: 7 })
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual([])
    clock.advance(6 * DAY_MS)
    await upstream.addProvider('acme/widget', { versions: { '1.2.0': {} } })
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual([])
    clock.advance(DAY_MS)
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual(['acme/widget 1.0.0 linux_amd64', 'acme/widget 1.1.0 linux_amd64'])
    expect((await askMirror(app, 'GET /test/status')).json()).toMatchObject({ versions_seen: 3, versions_brought: 2 })
  })

  test('does not bring back what somebody deleted', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    await syncMirror(app, 'test')
    await app.deps.database.db.updateTable('providerVersions').set({ deletedAt: 1 }).where('version', '=', '1.1.0').execute()
    expect(packagesOf(await syncMirror(app, 'test'))).toEqual([])
  })

  // reliability.md: dependency confusion, on the wire.
  test('asks nobody for a namespace that was claimed since', async () => {
    const { upstream, app } = await openBench(dialect, { listsNamespaces: true })
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget', 'acme/*'] })
    await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'acme' } })
    const job = await syncMirror(app, 'test')
    expect(job.items.map(({ error_code }) => error_code)).toEqual(['NAMESPACE_TAKEN', 'NAMESPACE_TAKEN'])
    expect(upstream.requests).toEqual([])
  })

  test('is written down with its counts, bytes and errors', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': { defects: { corruptByte: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'], enabled: true })
    const job = await syncMirror(app, 'test')
    const [run] = await historyOf(app, 'test')
    expect(run).toMatchObject({
      run: 1,
      job_id: job.id,
      state: 'failed',
      started_because: 'manual',
      started_by: 'admin',
      scope: {},
      packages: 2,
      fetched: 1,
      failed: 1,
      errors: [{ code: 'CHECKSUM_MISMATCH', count: 1, message: expect.stringContaining('sha256 mismatch') }],
    })
    expect(run?.bytes).toBeGreaterThanOrEqual(upstream.package('acme/widget', '1.0.0').body.length)
    expect((await askMirror(app, 'GET /test/status')).json()).toMatchObject({ state: 'failing', job: { id: job.id } })
  })

  test('is written down again when its failed items were tried again', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { defects: { corruptByte: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const { id } = await syncMirror(app, 'test')
    expect(await historyOf(app, 'test')).toMatchObject([{ state: 'failed', fetched: 0 }])
    await upstream.setDefects('acme/widget', '1.0.0')
    expect(await retry(app, id)).toMatchObject({ state: 'completed' })
    expect(await historyOf(app, 'test')).toMatchObject([{ state: 'completed', fetched: 1, failed: 0, errors: [] }])
  })

  test('is not tried again while a newer one is under way', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { defects: { corruptByte: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const { id } = await syncMirror(app, 'test')
    await upstream.addProvider('acme/widget', { versions: { '1.1.0': { defects: { stall: true } } } })
    await startSync(app, 'test')
    const refused = await app.asAdmin({ method: 'POST', url: `/api/v1/admin/jobs/${id}/retry` })
    expect(refused.json()).toMatchObject({ status: 409, code: 'MIRROR_RUNNING' })
    expect((await readJob(app, id)).state).toBe('failed')
    expect((await askMirror(app, 'POST /test/cancel')).statusCode).toBe(200)
    expect((await app.asAdmin({ method: 'POST', url: `/api/v1/admin/jobs/${id}/retry` })).statusCode).toBe(202)
    expect((await askMirror(app, 'GET /test')).json()).toMatchObject({ current_job_id: id })
  })

  test('is the only one of its mirror', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { defects: { stall: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const id = await startSync(app, 'test')
    const second = await askMirror(app, 'POST /test/sync', {})
    expect(second.json()).toMatchObject({ status: 409, code: 'MIRROR_RUNNING', context: { job_id: id } })
    expect((await askMirror(app, 'GET /test/status')).json()).toMatchObject({ state: 'running' })
    expect((await askMirror(app, 'POST /test/cancel')).statusCode).toBe(200)
    expect((await askMirror(app, 'POST /test/cancel')).json().code).toBe('JOB_ENDED')
    expect(await historyOf(app, 'test')).toMatchObject([{ state: 'cancelled' }])
    expect((await askMirror(app, 'POST /test/sync', {})).statusCode).toBe(202)
  })

  test('that is paused keeps what it has, and the next one brings the rest', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': { defects: { stall: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'], enabled: true })
    const id = await startSync(app, 'test')
    await expect.poll(async () => (await readJob(app, id)).completed, { timeout: 10_000 }).toBe(2)
    expect((await askMirror(app, 'POST /test/pause')).json()).toEqual({ cancelled: 1 })
    expect((await askMirror(app, 'GET /test/status')).json()).toMatchObject({ state: 'paused', mirror: { enabled: false } })
    await upstream.setDefects('acme/widget', '1.1.0')
    expect((await askMirror(app, 'POST /test/resume')).statusCode).toBe(204)
    const mirror = (await askMirror(app, 'GET /test')).json<{ enabled: boolean; next_run_at: string }>()
    expect([mirror.enabled, Date.parse(mirror.next_run_at) <= app.deps.clock.now()]).toEqual([true, true])
    expect(Object.keys(await archivesOf(app, 'acme/widget', '1.0.0'))).toEqual(['linux_amd64'])
  })

  // reliability.md F4: the worker dies in the middle.
  test('goes on with the rest when its worker stopped in the middle', async () => {
    const { upstream, app, worker } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': { defects: { stall: true } } } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const id = await startSync(app, 'test')
    await expect.poll(async () => (await readJob(app, id)).completed, { timeout: 10_000 }).toBe(2)
    await worker.stop(0)
    await upstream.setDefects('acme/widget', '1.1.0')
    upstream.requests.length = 0
    runJobs(app)
    expect(await untilDone(app, id)).toMatchObject({ state: 'completed', completed: 3 })
    expect(upstream.requests.filter(({ path }) => path.includes('/1.0.0/'))).toEqual([])
  })

  test('obeys an upstream that asks to wait', async () => {
    const { upstream, app, clock } = await openBench(dialect)
    await upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { defects: { status: { on: 'document', status: 429, times: 1, retryAfter: '1' } } } },
    })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const id = await startSync(app, 'test')
    await expect.poll(() => upstream.countRequests('/download/'), { timeout: 10_000 }).toBe(1)
    const asked = upstream.requests.length
    const waiting = async () =>
      (await app.deps.database.db.selectFrom('downloadJobItems').select('errorCode').where('state', '=', 'pending').execute())[0]
    await expect.poll(waiting, { timeout: 10_000 }).toEqual({ errorCode: 'UPSTREAM_RATE_LIMITED' })
    expect(upstream.requests.length).toBe(asked)
    clock.advance(2000)
    expect(await untilDone(app, id)).toMatchObject({ state: 'completed', failed: 0 })
  })
})
