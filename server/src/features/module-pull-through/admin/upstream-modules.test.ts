import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type FakeModules, startFakeModules } from '../../../testing/fake-modules.ts'
import { ORIGIN } from '../../../testing/mirror-jobs.ts'
import { type ModulesApp, modulesApp } from '../../../testing/modules-on-demand.ts'

const URL = '/api/v1/admin/upstream-modules'
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

interface Held {
  readonly items: { readonly id: string; readonly version: string }[]
  readonly total: number
}

let upstream: FakeModules
beforeAll(async () => {
  upstream = await startFakeModules()
})
afterAll(() => upstream.close())

const list = async (app: ModulesApp, query = '') => (await app.asAdmin({ url: `${URL}${query}` })).json<Held>()

describe.each(DIALECTS)('held modules of upstreams on %s', (dialect) => {
  test('each is listed with its origin and its digests', async () => {
    upstream.add('Listed/net/aws', { '1.0.0': { location: 'ARCHIVE//.?archive=tar.gz&token=secret' }, '1.1.0': {} })
    upstream.add('other/net/aws', { '1.0.0': {} })
    const app = await modulesApp(dialect, upstream)
    const archive = await app.install('Listed/net/aws')
    for (const [name, version] of [
      ['Listed/net/aws', '1.1.0'],
      ['other/net/aws', '1.0.0'],
    ] as const)
      await app.install(name, version)
    const { items, total } = await list(app, '?namespace=listed')
    expect([total, items.map(({ version }) => version).sort()]).toEqual([2, ['1.0.0', '1.1.0']])
    expect(items.find(({ version }) => version === '1.0.0')).toEqual({
      id: expect.any(String),
      hostname: ORIGIN,
      namespace: 'Listed',
      name: 'net',
      system: 'aws',
      version: '1.0.0',
      size: archive.length,
      sha256: sha256(archive),
      content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      source_kind: 'archive',
      source_url: `${upstream.url}/v1/modules/Listed/net/aws/1.0.0/archive.tar.gz`,
      ref: null,
      commit: null,
      received_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      subdir: '',
      created_at: expect.any(String),
      created_by: 'pull-through',
      damaged: false,
    })
    expect((await list(app, `?hostname=${ORIGIN}&name=NET&limit=1`)).total).toBe(3)
    expect((await list(app, '?hostname=other.example.com')).total).toBe(0)
  })

  test('a deleted version is fetched anew, the deletion is in the audit, and a second one finds nothing', async () => {
    upstream.add('deleted/net/aws', { '1.0.0': {} })
    const app = await modulesApp(dialect, upstream)
    const first = await app.install('deleted/net/aws')
    const [row] = (await list(app)).items
    const id = row?.id ?? ''
    const url = `/api/v1/admin/upstream-modules/${id}`
    expect((await app.asAdmin({ method: 'DELETE', url })).statusCode).toBe(204)
    upstream.add('deleted/net/aws', { '1.0.0': { files: { 'main.tf': '# new\n' } } })
    expect(sha256(await app.install('deleted/net/aws'))).not.toBe(sha256(first))
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?action=upstream_module.delete' })).json<{ items: object[] }>()
    expect(items).toMatchObject([{ object: `${ORIGIN}/deleted/net/aws 1.0.0`, details: { sha256: sha256(first) } }])
    expect((await app.asAdmin({ method: 'DELETE', url })).statusCode).toBe(404)
  })

  test('a change needs the right to manage mirrors', async () => {
    const app = await modulesApp(dialect, upstream)
    expect((await app.request({ method: 'DELETE', url: `${URL}/x` })).statusCode).toBe(401)
    expect((await app.request({ url: URL })).statusCode).toBe(401)
  })
})
