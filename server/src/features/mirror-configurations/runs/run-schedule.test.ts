import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { mirrorSettings, runJobs, untilDone } from '../../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'
import { testClock } from '../../../testing/test-edge.ts'
import { askMirror, createTestMirror, historyOf, type MirrorAnswer } from '../../../testing/test-mirrors.ts'
import { runSchedule } from './run-schedule.ts'

const HOUR_MS = 60 * 60 * 1000

async function openBench(dialect: Dialect) {
  const upstream = await startFakeUpstream()
  onTestFinished(() => upstream.close())
  await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
  const clock = testClock()
  const settings = mirrorSettings(upstream, { TFR_AUTH_JWT_EXPIRATION_HOURS: '8760' })
  const app = await testApp(dialect, settings, { clock })
  return { upstream, clock, app, addReplica: () => testApp(dialect, settings, { clock, beside: app }) }
}

const SCHEDULED = { providers: ['acme/widget'], enabled: true, interval_hours: 6 }

/** What the schedule has started last, when it has ended. */
async function endRun(app: TestApp): Promise<void> {
  const [run] = await historyOf(app, 'test')
  await untilDone(app, run?.job_id ?? '')
}

const nextRun = async (app: TestApp): Promise<number> =>
  Date.parse((await askMirror(app, 'GET /test')).json<MirrorAnswer>().next_run_at ?? '')

describe.each(DIALECTS)('the schedule of mirrors on %s', (dialect) => {
  test('runs what is due, and not what is paused', async () => {
    const { app } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    await createTestMirror(app, { ...SCHEDULED, name: 'paused', enabled: false })
    expect(await runSchedule(app.deps)).toBe(1)
    expect(await historyOf(app, 'test')).toMatchObject([
      { run: 1, state: 'running', started_because: 'schedule', started_by: 'mirror schedule' },
    ])
    expect(await historyOf(app, 'paused')).toEqual([])
    expect(await nextRun(app)).toBe(app.deps.clock.now() + 6 * HOUR_MS)
  })

  // reliability.md F28
  test('starts one run, however many replicas look at the same moment', async () => {
    const { app, addReplica } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    const replicas = [app, await addReplica(), await addReplica()]
    const started = await Promise.all(replicas.flatMap(({ deps }) => [runSchedule(deps), runSchedule(deps)]))
    expect(started.reduce((sum, count) => sum + count, 0)).toBe(1)
    expect(await historyOf(app, 'test')).toHaveLength(1)
    expect((await app.deps.queue.listJobs({ limit: 10, offset: 0 })).total).toBe(1)
  })

  test('and whoever starts one by hand at that moment find each other too', async () => {
    const { app, addReplica } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    const replica = await addReplica()
    await Promise.all([askMirror(app, 'POST /test/sync', {}), askMirror(replica, 'POST /test/sync', {}), runSchedule(replica.deps)])
    expect(await historyOf(app, 'test')).toHaveLength(1)
  })

  test('makes up for a long absence with one run', async () => {
    const { app, clock } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    runJobs(app)
    await runSchedule(app.deps)
    await endRun(app)
    clock.advance(1000 * HOUR_MS)
    expect([await runSchedule(app.deps), await runSchedule(app.deps)]).toEqual([1, 0])
    await endRun(app)
    expect(await runSchedule(app.deps)).toBe(0)
    expect(await historyOf(app, 'test')).toHaveLength(2)
    expect(await nextRun(app)).toBe(clock.now() + 6 * HOUR_MS)
  })

  test('waits for a run that takes longer than the interval', async () => {
    const { app, clock } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    await runSchedule(app.deps)
    clock.advance(7 * HOUR_MS)
    expect(await runSchedule(app.deps)).toBe(0)
    runJobs(app)
    await endRun(app)
    expect(await runSchedule(app.deps)).toBe(1)
  })

  test('leaves an upstream in trouble alone for longer each time, up to a day, until a run ends well', async () => {
    const { app, clock, upstream } = await openBench(dialect)
    await upstream.setDefects('acme/widget', '1.0.0', { status: { on: 'versions', status: 503 } })
    await createTestMirror(app, SCHEDULED)
    runJobs(app)
    const pauses: number[] = []
    const round = async () => {
      const startedAt = clock.now()
      expect(await runSchedule(app.deps)).toBe(1)
      await endRun(app)
      await runSchedule(app.deps)
      const next = await nextRun(app)
      clock.advance(next - startedAt)
      return (next - startedAt) / HOUR_MS
    }
    for (let failed = 1; failed <= 3; failed += 1) pauses.push(await round())
    expect(pauses).toEqual([12, 24, 24])
    expect((await askMirror(app, 'GET /test')).json()).toMatchObject({ failures: 3 })
    await upstream.setDefects('acme/widget', '1.0.0')
    expect(await round()).toBe(6)
    expect((await askMirror(app, 'GET /test')).json()).toMatchObject({ failures: 0 })
  })

  test('runs a mirror at once that was paused in the middle and resumed', async () => {
    const { app } = await openBench(dialect)
    await createTestMirror(app, SCHEDULED)
    await runSchedule(app.deps)
    await askMirror(app, 'POST /test/pause')
    expect(await runSchedule(app.deps)).toBe(0)
    await askMirror(app, 'POST /test/resume')
    expect(await runSchedule(app.deps)).toBe(1)
    expect(await historyOf(app, 'test')).toMatchObject([
      { run: 2, state: 'running' },
      { run: 1, state: 'cancelled' },
    ])
  })
})
