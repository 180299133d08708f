import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { mirrorSettings, runJobs } from '../../../testing/mirror-jobs.ts'
import { testApp } from '../../../testing/test-app.ts'
import { createTestMirror, syncMirror } from '../../../testing/test-mirrors.ts'
import { settleRuns } from './settle-runs.ts'

const MISSING = { status: { on: 'package', status: 404 } } as const

describe.each(DIALECTS)('runs that fail, on %s', (dialect) => {
  test('are told when they begin to, not each time', async () => {
    const upstream = await startFakeUpstream()
    onTestFinished(() => upstream.close())
    const app = await testApp(dialect, mirrorSettings(upstream))
    runJobs(app)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { defects: MISSING } } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const run = async () => {
      await syncMirror(app, 'test')
      await settleRuns(app.deps)
    }
    /** How many are new; they are read by it. */
    const told = async () => {
      const url = '/api/v1/admin/notifications?kind=mirror_run_failed&unread=true'
      const { items } = (await app.asAdmin({ url })).json<{ items: object[] }>()
      await app.asAdmin({ method: 'POST', url: '/api/v1/admin/notifications/read' })
      return items
    }
    await run()
    expect(await told()).toMatchObject([
      {
        subject: 'mirror test',
        organization: 'default',
        message: expect.stringContaining('404'),
        hint: expect.stringContaining('history test'),
      },
    ])
    await run()
    expect(await told()).toEqual([])
    await upstream.setDefects('acme/widget', '1.0.0')
    await run()
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': { defects: MISSING } } })
    await run()
    expect(await told()).toHaveLength(1)
  })
})
