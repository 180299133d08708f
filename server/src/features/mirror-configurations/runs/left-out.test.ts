import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { mirrorSettings, ORIGIN, runJobs } from '../../../testing/mirror-jobs.ts'
import { testApp } from '../../../testing/test-app.ts'
import { askMirror, createTestMirror, historyOf, syncMirror } from '../../../testing/test-mirrors.ts'

async function openBench(dialect: Dialect) {
  const upstream = await startFakeUpstream({ listsNamespaces: true })
  onTestFinished(() => upstream.close())
  const app = await testApp(dialect, mirrorSettings(upstream))
  runJobs(app)
  return { upstream, app }
}

const deny = (app: Awaited<ReturnType<typeof openBench>>['app'], rule: object) =>
  app.asAdmin({
    method: 'POST',
    url: '/api/v1/admin/mirror-policies',
    payload: { name: 'Kept out', priority: 100, effect: 'deny', namespace: 'acme', reason: 'it is broken', ...rule },
  })

describe.each(DIALECTS)('what a run leaves out on %s', (dialect) => {
  test('is in its history and in the plan, by reason, with names and why', async () => {
    const { upstream, app } = await openBench(dialect)
    const young = new Date(app.deps.clock.now() - 3_600_000).toISOString()
    const old = '2020-01-01T00:00:00Z'
    await upstream.addProvider('acme/widget', {
      versions: {
        '0.9.0': { publishedAt: old },
        '0.8.0': { publishedAt: old },
        '1.0.0': { publishedAt: old },
        '1.1.0': { publishedAt: old },
        '1.2.0': { publishedAt: old },
        '1.3.0': { publishedAt: young },
        '1.4.0-rc.1': { publishedAt: old },
        '1.5.0': { publishedAt: old, platforms: ['darwin_arm64'] },
      },
    })
    await deny(app, { upstream: ORIGIN, type: 'widget', version: '= 1.2.0' })
    const settings = { providers: ['acme/widget'], versions: ['>= 1.0'], platforms: ['linux_amd64'], keep_newest: 1, cool_down_days: 7 }
    await createTestMirror(app, settings)
    const left = (reason: string, versions: string[], why: unknown) => ({
      reason,
      providers: 1,
      versions: versions.length,
      examples: [{ provider: 'acme/widget', versions, why }],
    })
    const expected = [
      left('constraint', ['0.9.0', '0.8.0'], 'No version constraint of the mirror matches'),
      left('cool_down', ['1.3.0'], expect.stringContaining('The cool-down of the mirror holds it until')),
      left('keep_newest', ['1.0.0'], 'There are enough newer versions'),
      left('platform', ['1.5.0'], 'The upstream offers none of the platforms of the mirror'),
      left('policy', ['1.2.0'], expect.stringContaining('it is broken')),
      left('prerelease', ['1.4.0-rc.1'], 'The mirror brings no pre-releases'),
    ]
    const plan = (await askMirror(app, 'POST /test/plan', {})).json<{ left_out: { reason: string }[] }>()
    expect(plan.left_out.toSorted((a, b) => (a.reason < b.reason ? -1 : 1))).toEqual(
      expected.toSorted((a, b) => (a.reason < b.reason ? -1 : 1)),
    )
    await syncMirror(app, 'test')
    const [run] = await historyOf(app, 'test')
    expect(run).toMatchObject({ fetched: 1, left_out: expected.toSorted((a, b) => (a.reason < b.reason ? -1 : 1)) })
  })

  test('counts versions over all providers, names those with the most, and providers that a policy keeps out of a namespace', async () => {
    const { upstream, app } = await openBench(dialect)
    for (const [name, versions] of [
      ['one', ['1.0.0']],
      ['two', ['1.0.0', '1.1.0']],
      ['three', ['1.0.0', '1.1.0', '1.2.0']],
      ['four', ['1.0.0', '1.1.0', '1.2.0', '1.3.0']],
      ['five', ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0', '1.6.0']],
      ['broken', ['1.0.0']],
    ] as const)
      await upstream.addProvider(`acme/${name}`, { versions: Object.fromEntries(versions.map((version) => [version, {}])) })
    await deny(app, { upstream: ORIGIN, type: 'broken' })
    await createTestMirror(app, { namespaces: ['acme'], keep_newest: 1 })
    await syncMirror(app, 'test')
    const [run] = await historyOf(app, 'test')
    const [kept, policy] = run?.left_out ?? []
    expect(kept).toMatchObject({ reason: 'keep_newest', providers: 4, versions: 1 + 2 + 3 + 6 })
    expect(kept?.examples.map(({ provider, versions }) => [provider, versions])).toEqual([
      ['acme/five', ['1.5.0', '1.4.0', '1.3.0', '1.2.0', '1.1.0']],
      ['acme/four', ['1.2.0', '1.1.0', '1.0.0']],
      ['acme/three', ['1.1.0', '1.0.0']],
    ])
    expect(policy).toMatchObject({ reason: 'policy', providers: 1, versions: 0, examples: [{ provider: 'acme/broken', versions: [] }] })
    // Each run says it for itself.
    await syncMirror(app, 'test', { provider: 'acme/one' })
    expect((await historyOf(app, 'test')).map(({ left_out }) => left_out.length)).toEqual([0, 2])
  })

  test('stays here when keep_newest would not bring it any more', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget'], keep_newest: 1 })
    await syncMirror(app, 'test')
    await upstream.addProvider('acme/widget', { versions: { '1.1.0': {} } })
    await syncMirror(app, 'test')
    const index = await app.request(`/v1/mirror/${ORIGIN}/acme/widget/index.json`)
    expect(Object.keys(index.json<{ versions: object }>().versions).sort()).toEqual(['1.0.0', '1.1.0'])
  })
})
