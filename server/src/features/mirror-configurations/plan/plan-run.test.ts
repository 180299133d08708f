import { describe, expect, onTestFinished, test } from 'vitest'
import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import { newId } from '../../../base/ids.ts'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { mirrorSettings, ORIGIN, runJobs } from '../../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'
import { createTestMirror, historyOf, syncMirror } from '../../../testing/test-mirrors.ts'

interface PlanAnswer {
  readonly versions: readonly {
    readonly provider: string
    readonly version: string
    readonly bytes: number
    readonly packages: readonly { readonly platform: string }[]
  }[]
  readonly packages: number
  readonly bytes: number
  readonly measured: number
  readonly held: number
  readonly blocked: readonly { readonly version: string; readonly reason: string; readonly why: string; readonly until: string | null }[]
  readonly problems: readonly { readonly object: string; readonly code: string }[]
  readonly free_bytes: number
  readonly fits: boolean
}

async function openBench(dialect: Dialect) {
  const upstream = await startFakeUpstream()
  onTestFinished(() => upstream.close())
  const app = await testApp(dialect, mirrorSettings(upstream))
  return { upstream, app }
}

async function plan(app: TestApp, scope: object = {}): Promise<PlanAnswer> {
  const response = await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirrors/test/plan', payload: { scope } })
  if (response.statusCode !== 200) throw new Error(`Not planned: ${response.statusCode} ${response.body}`)
  return response.json<PlanAnswer>()
}

async function deny({ deps }: TestApp, version: string): Promise<void> {
  const everything = {
    effect: 'deny',
    upstream: '*',
    namespace: 'acme',
    type: '*',
    version,
    organizationId: null,
    reason: 'known to be broken',
  }
  const row = { id: newId(), name: 'Broken', priority: 100, ...everything, createdAt: 0, createdBy: 'test', disabledAt: null }
  await deps.database.db.transaction().execute(async (tx) => {
    await tx.insertInto('mirrorPolicies').values(row).execute()
    await bumpCatalogRevision(tx)
  })
}

describe.each(DIALECTS)('the plan of a run on %s', (dialect) => {
  test('tells the versions and bytes that the run then brings, within 5 %, and fetches nothing', async () => {
    const { upstream, app } = await openBench(dialect)
    const platforms = ['linux_amd64', 'darwin_arm64']
    await upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { platforms, sizeBytes: 100_000 }, '1.1.0': { platforms, sizeBytes: 250_000 } },
    })
    await createTestMirror(app, { providers: ['acme/widget'] })
    const planned = await plan(app)
    expect(planned).toMatchObject({ packages: 4, measured: 4, held: 0, blocked: [], problems: [], fits: true })
    expect(planned.versions.map(({ provider, version, packages }) => [provider, version, packages.length])).toEqual([
      [`${ORIGIN}/acme/widget`, '1.1.0', 2],
      [`${ORIGIN}/acme/widget`, '1.0.0', 2],
    ])
    expect(planned.free_bytes).toBeGreaterThan(planned.bytes)
    expect(upstream.requests.filter(({ method, path }) => method === 'GET' && path.startsWith('/files'))).toEqual([])
    expect((await app.deps.queue.listJobs({ limit: 1, offset: 0 })).total).toBe(0)
    runJobs(app)
    await syncMirror(app, 'test')
    const [run] = await historyOf(app, 'test')
    expect(Math.abs((run?.bytes ?? 0) / planned.bytes - 1)).toBeLessThan(0.05)
    expect(await plan(app)).toMatchObject({ packages: 0, bytes: 0, held: 4, versions: [] })
  })

  test('tells what is blocked, and why', async () => {
    const { upstream, app } = await openBench(dialect)
    const publishedAt = new Date(app.deps.clock.now() - 3_600_000).toISOString()
    await upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { publishedAt: '2020-01-01T00:00:00Z' }, '1.1.0': { publishedAt }, '1.2.0': { publishedAt } },
    })
    await createTestMirror(app, { providers: ['acme/widget'], cool_down_days: 7 })
    await deny(app, '1.2.0')
    const planned = await plan(app)
    expect(planned.versions.map(({ version }) => version)).toEqual(['1.0.0'])
    expect(planned.blocked).toMatchObject([
      {
        version: '1.2.0',
        reason: 'policy',
        why: expect.stringContaining('Rule "Broken" (priority 100) matches first and denies it: known to be broken'),
      },
      { version: '1.1.0', reason: 'cool_down', until: new Date(Date.parse(publishedAt) + 7 * 86_400_000).toISOString() },
    ])
  })

  test('tells what it could not ask for, beside the rest', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget', 'acme/nothing', 'other/*'] })
    const planned = await plan(app)
    expect(planned).toMatchObject({ packages: 1 })
    expect(planned.problems.map(({ object, code }) => [object, code])).toEqual([
      [`${ORIGIN}/other`, 'UPSTREAM_REFUSED'],
      [`${ORIGIN}/acme/nothing`, 'PROVIDER_NOT_FOUND'],
    ])
    expect(await plan(app, { provider: 'acme/widget' })).toMatchObject({ packages: 1, problems: [] })
  })

  test('is refused for a part that the mirror does not have', async () => {
    const { app } = await openBench(dialect)
    await createTestMirror(app, { providers: ['acme/widget'] })
    await expect(plan(app, { provider: 'acme/other' })).rejects.toThrow('RULE_BROKEN')
  })

  test('what a policy keeps out is not asked for by a run either', async () => {
    const { upstream, app } = await openBench(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '2.0.0': {} } })
    await createTestMirror(app, { providers: ['acme/widget'] })
    await deny(app, '>= 2.0.0')
    runJobs(app)
    const job = await syncMirror(app, 'test')
    expect(job.items.map(({ key }) => key)).toEqual([`resolve ${ORIGIN}/acme/widget`, `${ORIGIN}/acme/widget 1.0.0 linux_amd64`])
  })
})
