import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { definitionOf, load, mirrorSettings, ORIGIN, runJobs } from '../../testing/mirror-jobs.ts'
import { packagesOf, publishNew, sha256 } from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

interface Answer {
  readonly shasum: string
  readonly packages?: Readonly<Record<string, { readonly hashes: readonly string[]; readonly package_size: number }>>
}

const DOCUMENT = '/v1/providers/acme/widget/1.0.0/download/linux/amd64'
const documentOf = async (app: TestApp) => (await app.request(DOCUMENT)).json<Answer>()
const BOTH = ['linux_amd64', 'darwin_arm64']

// protocol.md 7.2: all platforms must be listed, the sizes must be the zips', and a zh must be the shasum.
describe.each(DIALECTS)('hashes of all packages in the package document on %s', (dialect) => {
  test('name every platform with its zh, its h1 and the size of the zip', async () => {
    const app = await testApp(dialect)
    const packages = packagesOf({ type: 'widget' }, BOTH)
    await publishNew(app, { packages })
    const rows = await app.deps.database.db.selectFrom('providerPlatforms').select(['os', 'h1']).execute()
    const { packages: told, shasum } = await documentOf(app)
    expect(Object.keys(told ?? {}).sort()).toEqual(BOTH.toSorted())
    for (const [platform, zip] of Object.entries(packages)) {
      const h1 = rows.find(({ os }) => platform.startsWith(os))?.h1
      expect(told?.[platform]).toEqual({ hashes: [`zh:${sha256(zip)}`, h1], package_size: zip.length })
    }
    expect(told?.linux_amd64?.hashes).toContain(`zh:${shasum}`)
  })

  test('are left out while a package of the version is blocked', async () => {
    const app = await testApp(dialect)
    await publishNew(app, { packages: packagesOf({ type: 'widget' }, BOTH) })
    expect((await documentOf(app)).packages).toBeDefined()
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/providers' })).json<{ items: { id: string; os: string }[] }>()
    const id = items.find(({ os }) => os === 'darwin')?.id
    expect((await app.asAdmin({ method: 'PATCH', url: `/api/v1/admin/providers/${id}`, payload: { blocked: true } })).statusCode).toBe(204)
    expect((await documentOf(app)).packages).toBeUndefined()
  })

  test('are left out while a package of the signed list is not held', async () => {
    const upstream = await startFakeUpstream()
    onTestFinished(upstream.close)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: BOTH } } })
    const app = await testApp(dialect, mirrorSettings(upstream, { TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN }))
    runJobs(app)
    await load(app, definitionOf('acme/widget', ['1.0.0'], ['linux_amd64']))
    expect((await documentOf(app)).packages).toBeUndefined()
    await load(app, definitionOf('acme/widget', ['1.0.0'], ['darwin_arm64']))
    expect(Object.keys((await documentOf(app)).packages ?? {}).sort()).toEqual(BOTH.toSorted())
  })
})
