import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { mirrorSettings, ORIGIN, startJobs } from '../../../testing/mirror-jobs.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { askMirror, createTestMirror, syncMirror } from '../../../testing/test-mirrors.ts'

interface VersionAnswer {
  readonly provider: string
  readonly version: string
  readonly published_at: string | null
  readonly brought: boolean
  readonly run: number | null
  readonly job_id: string | null
  readonly state: string
  readonly signed_by: string | null
}

describe.each(DIALECTS)('the versions of a mirror on %s', (dialect) => {
  let app: OpenTestApp
  let jobId: string
  let close: () => Promise<void>

  beforeAll(async () => {
    const upstream = await startFakeUpstream()
    app = await openTestApp(dialect, mirrorSettings(upstream))
    const worker = startJobs(app)
    close = async () => {
      await worker.stop(0)
      await app.close()
      await upstream.close()
    }
    const young = new Date(app.deps.clock.now() - 3_600_000).toISOString()
    await upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { publishedAt: '2020-01-01T00:00:00Z' }, '1.1.0': { publishedAt: young } },
    })
    await upstream.addProvider('acme/gadget', { versions: { '1.0.0': { publishedAt: '2020-01-01T00:00:00Z' } } })
    await createTestMirror(app, { providers: ['acme/widget', 'acme/gadget'], cool_down_days: 7 })
    jobId = (await syncMirror(app, 'test')).id
  })
  afterAll(() => close())

  const list = async (query = '') =>
    (await app.asAdmin({ url: `/api/v1/admin/mirrors/test/versions?${query}` })).json<{ items: VersionAnswer[]; total: number }>()

  test('tell which run brought them, what signed them, and which were only seen', async () => {
    const { items, total } = await list()
    expect(total).toBe(3)
    const brought = { brought: true, run: 1, job_id: jobId, state: 'held', packages: 1, signed_by: expect.stringMatching(/^[0-9A-F]{40}$/) }
    const left = { brought: false, run: null, job_id: null, state: 'absent', packages: 0, signed_by: null }
    expect(items.toSorted((a, b) => (`${a.provider} ${a.version}` < `${b.provider} ${b.version}` ? -1 : 1))).toMatchObject([
      { provider: `${ORIGIN}/acme/gadget`, version: '1.0.0', published_at: '2020-01-01T00:00:00.000Z', ...brought },
      { provider: `${ORIGIN}/acme/widget`, version: '1.0.0', ...brought },
      { provider: `${ORIGIN}/acme/widget`, version: '1.1.0', ...left },
    ])
  })

  test('are found by provider and by whether they were brought, page by page', async () => {
    expect((await list('brought=false')).items.map(({ version }) => version)).toEqual(['1.1.0'])
    expect((await list('provider=Acme/Widget&brought=true')).items.map(({ version }) => version)).toEqual(['1.0.0'])
    expect((await list(`provider=${ORIGIN}/acme/gadget`)).total).toBe(1)
    const pages = [await list('limit=2'), await list('limit=2&offset=2')]
    expect(pages.map(({ items, total }) => [items.length, total])).toEqual([
      [2, 3],
      [1, 3],
    ])
    const refused = await askMirror(app, 'GET /test/versions?provider=widget')
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'RULE_BROKEN'])
  })

  test('say what became of them since', async () => {
    const held = (await app.asAdmin({ url: '/api/v1/admin/providers' })).json<{ items: { id: string; type: string }[] }>()
    const id = held.items.find(({ type }) => type === 'gadget')?.id
    expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/providers/${id}` })).statusCode).toBe(204)
    expect((await list('provider=acme/gadget')).items).toMatchObject([{ brought: true, state: 'deleted', packages: 0, signed_by: null }])
  })

  test('of a mirror that is not there are not found', async () => {
    expect((await askMirror(app, 'GET /nothing/versions')).statusCode).toBe(404)
  })
})
