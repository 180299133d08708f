import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, mirrorSettings, readJob, runJobs, upload } from '../../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'

const cancel = (app: TestApp, url: string) => app.asAdmin({ method: 'POST', url })

describe.each(DIALECTS)('cancelling a job on %s', (dialect) => {
  test('ends what waits, once', async () => {
    const app = await testApp(dialect)
    const id = await upload(app, `${definitionOf('a/a')}${definitionOf('b/b')}`)
    const response = await cancel(app, `/api/v1/admin/jobs/${id}/cancel`)
    expect([response.statusCode, response.json()]).toEqual([200, { cancelled: 2 }])
    expect(await readJob(app, id)).toMatchObject({ state: 'cancelled', cancelled: 2, finished_at: expect.any(String) })
    const again = await cancel(app, `/admin/api/jobs/${id}/cancel`)
    expect([again.statusCode, again.json().code]).toEqual([409, 'JOB_ENDED'])
  })

  test('breaks off a download that is under way, and nothing of it is served', async () => {
    const upstream = await startFakeUpstream()
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { defects: { stall: true } } } })
    const app = await testApp(dialect, mirrorSettings(upstream))
    runJobs(app, { leaseMs: 900 })
    const id = await upload(app, definitionOf('acme/widget'))
    await expect.poll(() => upstream.countRequests('/files/acme/widget/1.0.0/terraform-provider-widget_1.0.0_linux_amd64.zip')).toBe(1)
    expect((await cancel(app, `/api/v1/admin/jobs/${id}/cancel`)).statusCode).toBe(200)
    expect(await readJob(app, id)).toMatchObject({ state: 'cancelled', completed: 1, cancelled: 1, failed: 0 })
    // The claim of the package is free again as soon as the download has ended.
    const claims = () => app.deps.database.db.selectFrom('objectClaims').select('key').execute()
    await expect.poll(claims, { timeout: 10_000 }).toEqual([])
    expect(await archivesOf(app, 'acme/widget')).toEqual({})
    await upstream.close()
  })

  test('an unknown job answers 404', async () => {
    const app = await testApp(dialect)
    expect((await cancel(app, '/api/v1/admin/jobs/none/cancel')).statusCode).toBe(404)
  })
})
