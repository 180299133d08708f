import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, runJobs } from '../../testing/mirror-jobs.ts'
import { testApp } from '../../testing/test-app.ts'
import { createTestMirror, syncMirror } from '../../testing/test-mirrors.ts'

describe.each(DIALECTS)('the policy of an organisation on %s', (dialect) => {
  test('counts for its mirrors down to the last package, and for nobody else', async () => {
    const upstream = await startFakeUpstream()
    onTestFinished(() => upstream.close())
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    const app = await testApp(dialect, mirrorSettings(upstream))
    const rules = [
      { name: 'Nobody', priority: 50, effect: 'deny', upstream: ORIGIN },
      { name: 'But us', priority: 60, effect: 'allow', upstream: ORIGIN, organization: 'default' },
    ]
    for (const payload of rules) await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload })
    runJobs(app)
    expect(await load(app, definitionOf('acme/widget'))).toMatchObject({ state: 'failed', items: [{ error_code: 'POLICY_REFUSED' }] })
    await createTestMirror(app, { providers: ['acme/widget'] })
    expect(await syncMirror(app, 'test')).toMatchObject({ state: 'completed', failed: 0 })
    expect(Object.keys(await archivesOf(app, 'acme/widget'))).toEqual(['linux_amd64'])
  })
})
