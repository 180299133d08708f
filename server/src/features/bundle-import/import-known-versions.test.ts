import { createHash } from 'node:crypto'
import { layOutParts } from '@terrace/protocol/bundle/bundle-parts.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type BundleSigner, makeBundleSigner, type TestBundle } from '../../testing/bundle-fixture.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { beginNewImport, bundleBody, filesOf, importableBundle, moduleOf, sendFiles } from '../../testing/import-bundle.ts'
import { publishModule } from '../../testing/publish-modules.ts'
import { openTestApp, type TestApp } from '../../testing/test-app.ts'

const providerIn = (id: string) => `/api/v1/admin/imports/${id}/providers/registry.terraform.io/hashicorp/null/3.2.1`
const MODULE = 'acme/vpc/aws'

let publisher: BundleSigner
let outside: BundleSigner
beforeAll(async () => {
  publisher = await makeBundleSigner()
  outside = await makeBundleSigner('Registry outside')
})

async function openApp(dialect: (typeof DIALECTS)[number], more: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  const keys = `${publisher.fingerprint},${outside.fingerprint}`
  const app = await openTestApp(dialect, { TFR_MIRROR_SEALED: 'true', TFR_BUNDLES_TRUSTED_KEYS: keys, ...more })
  onTestFinished(() => app.close())
  return app
}

/** The provider for one platform only; its signed list has both. */
function forPlatform(bundle: TestBundle, platform: string, signedBy: 'upstream' | 'unsigned'): TestBundle {
  const isWanted = (path: string) => path.startsWith('providers/') && (!path.endsWith('.zip') || path.endsWith(`_${platform}.zip`))
  const contents = new Map([...bundle.contents].filter(([path]) => isWanted(path)))
  const unplaced = [...contents].map(([path, bytes]) => ({ path, size: bytes.length, sha256: sha256(bytes), isElsewhere: false }))
  const { objects, parts } = layOutParts(unplaced, 1_000_000)
  const manifest: TestBundle['manifest'] = {
    ...structuredClone(bundle.manifest),
    objects: [...objects],
    parts: [...parts],
    modules: [],
  }
  for (const version of manifest.providers.flatMap(({ versions }) => versions)) {
    version.signed_by = signedBy
    version.packages = version.packages.filter((item) => item.platform === platform)
  }
  return { ...bundle, manifest, contents }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function keptAs(app: TestApp): Promise<string[]> {
  const { items } = (await app.asAdmin({ url: '/api/v1/admin/providers?limit=100' })).json<{
    items: { os: string; provenance: string }[]
  }>()
  return items.map(({ os, provenance }) => `${os} ${provenance}`).sort()
}

describe.each(DIALECTS)('importing more of what is known on %s', (dialect) => {
  test('a version that was verified stays so, whatever an unsigned bundle brings of it', async () => {
    const app = await openApp(dialect)
    const verified = forPlatform(await importableBundle(app, publisher), 'linux_amd64', 'upstream')
    const first = await beginNewImport(app, await bundleBody(verified, { trust_keys: [publisher.fingerprint] }))
    expect((await sendFiles(app, providerIn(first.id), filesOf(verified))).json()).toMatchObject({ added: ['linux_amd64'] })

    const unsigned = forPlatform(await importableBundle(app, outside), 'darwin_arm64', 'unsigned')
    const allowed = { trust_keys: [outside.fingerprint], allow_unsigned: true }
    const second = await beginNewImport(app, await bundleBody(unsigned, allowed))
    expect((await sendFiles(app, providerIn(second.id), filesOf(unsigned))).json()).toMatchObject({ added: ['darwin_arm64'] })
    expect(await keptAs(app)).toEqual(['darwin verified', 'linux verified'])
  })

  test('our own name is given to nothing that comes from elsewhere', async () => {
    const own = { TFR_SERVER_PUBLIC_URL: 'https://registry.terraform.io', TFR_MIRROR_UPSTREAMS: 'registry.opentofu.org' }
    const app = await openApp(dialect, own)
    const bundle = await importableBundle(app, publisher)
    const { id, ...plan } = await beginNewImport(app, await bundleBody(bundle, { trust_keys: [publisher.fingerprint] }))
    expect(plan.versions[0]?.packages.map(({ reason }) => reason?.code)).toEqual(['RULE_BROKEN', 'RULE_BROKEN'])
    expect((await sendFiles(app, providerIn(id), filesOf(bundle))).statusCode).toBe(422)
  })

  test('a module with other content is refused with a notification', async () => {
    const app = await openApp(dialect)
    await publishModule(app, { address: MODULE })
    const bundle = await importableBundle(app, publisher)
    const { id } = await beginNewImport(app, await bundleBody(bundle, { trust_keys: [publisher.fingerprint] }))
    const sent = await sendFiles(app, `/api/v1/admin/imports/${id}/modules/${MODULE}/1.0.0`, moduleOf(bundle))
    expect([sent.statusCode, sent.json().code]).toEqual([409, 'MODULE_VERSION_EXISTS'])
    const notes = (await app.asAdmin({ url: '/api/v1/admin/notifications?limit=100' })).json<{
      items: { kind: string; subject: string }[]
    }>()
    expect(notes.items).toContainEqual(expect.objectContaining({ kind: 'digest_changed', subject: `${MODULE} 1.0.0` }))
  })

  test('a module that was withdrawn is refused by the plan', async () => {
    const app = await openApp(dialect)
    await publishModule(app, { address: MODULE })
    await app.asAdmin({ method: 'DELETE', url: `/api/v1/modules/${MODULE}/1.0.0`, payload: { reason: 'x' } })
    const plan = await beginNewImport(app, await bundleBody(await importableBundle(app, publisher), { dry_run: true }))
    expect(plan.modules).toEqual([
      expect.objectContaining({ state: 'refuse', reason: expect.objectContaining({ code: 'MODULE_VERSION_DELETED' }) }),
    ])
  })
})
