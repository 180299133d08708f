import { createHash } from 'node:crypto'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type BundleSigner, makeBundleSigner } from '../../testing/bundle-fixture.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import {
  beginImport,
  beginNewImport,
  bundleBody,
  filesOf,
  IMPORTS,
  importableBundle,
  moduleOf,
  type PlanAnswer,
  sendFiles,
} from '../../testing/import-bundle.ts'
import { downloadModule } from '../../testing/publish-modules.ts'
import { type OpenTestApp, openTestApp, type TestApp } from '../../testing/test-app.ts'

const NULL = 'registry.terraform.io/hashicorp/null'
const providerIn = (id: string) => `/api/v1/admin/imports/${id}/providers/registry.terraform.io/hashicorp/null/3.2.1`
const moduleIn = (id: string) => `/api/v1/admin/imports/${id}/modules/acme/vpc/aws/1.0.0`
const ZIP = 'terraform-provider-null_3.2.1_linux_amd64.zip'

let signer: BundleSigner
beforeAll(async () => {
  signer = await makeBundleSigner()
})

/** A sealed registry that trusts the key for bundles, and for nothing else. */
const sealedApp = (dialect: (typeof DIALECTS)[number]) =>
  openTestApp(dialect, { TFR_MIRROR_SEALED: 'true', TFR_BUNDLES_TRUSTED_KEYS: signer.fingerprint })

const trusting = () => ({ trust_keys: [signer.fingerprint] })

const served = async (app: TestApp) => {
  const response = await app.request(`/v1/mirror/${NULL}/3.2.1.json`)
  return response.statusCode === 404 ? [] : Object.keys(response.json<{ archives: object }>().archives)
}

async function auditOf(app: TestApp, action: string) {
  const { items } = (await app.asAdmin({ url: '/api/v1/audit?limit=100' })).json<{ items: { action: string; details: object }[] }>()
  return items.filter((item) => item.action === action)
}

describe.each(DIALECTS)('importing a bundle on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await sealedApp(dialect)
  })
  afterAll(() => app.close())

  test('what nobody has said to trust is refused by the plan, with the fingerprint', async () => {
    const plan = await beginNewImport(app, await bundleBody(await importableBundle(app, signer), { dry_run: true }))
    expect(plan).toMatchObject({ id: null, add: 1, keep: 0, refuse: 2 })
    expect(plan.versions[0]?.packages[0]?.reason).toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
      message: expect.stringContaining(signer.fingerprint),
      hint: expect.stringContaining('--trust-keys'),
    })
  })

  test('a dry run tells what would be added and changes nothing', async () => {
    const bundle = await importableBundle(app, signer)
    const before = (await app.asAdmin({ url: IMPORTS })).json<{ total: number }>().total
    const plan = await beginNewImport(app, await bundleBody(bundle, { dry_run: true, ...trusting() }))
    expect(plan).toMatchObject({ id: null, add: 3, keep: 0, refuse: 0, modules: [{ state: 'add' }] })
    expect((await app.asAdmin({ url: IMPORTS })).json()).toMatchObject({ total: before })
    expect((await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json()).toMatchObject({ total: 0 })
    expect(await served(app)).toEqual([])
  })

  test('what was changed on the way is refused with both digests, and nothing of its version is stored', async () => {
    const bundle = await importableBundle(app, signer)
    const { id } = await beginNewImport(app, await bundleBody(bundle, trusting()))
    const files = filesOf(bundle)
    const changed = Buffer.from(files[ZIP] ?? '')
    changed[100] = (changed[100] ?? 0) ^ 1
    for (const tampered of [{ [ZIP]: changed }, { shasums: Buffer.from('x') }, { signature: Buffer.from('x') }]) {
      const response = await sendFiles(app, providerIn(id), { ...files, ...tampered })
      expect([response.statusCode, response.json().code]).toEqual([422, 'CHECKSUM_MISMATCH'])
    }
    expect(await served(app)).toEqual([])
    const found = `zh:${createHash('sha256').update(changed).digest('hex')}`
    expect((await auditOf(app, 'import.refuse')).map(({ details }) => details)).toContainEqual(
      expect.objectContaining({ import: id, found }),
    )
    expect((await app.asAdmin({ url: `/api/v1/admin/imports/${id}` })).json()).toMatchObject({ added: 0, refused: 3, finished_at: null })
    const module = await sendFiles(app, moduleIn(id), { 'module.tar.gz': Buffer.from('x') })
    expect([module.statusCode, module.json().code]).toEqual([422, 'CHECKSUM_MISMATCH'])
  })

  test('leaving the signed list out makes nothing unsigned', async () => {
    const bundle = await importableBundle(app, signer)
    const { id } = await beginNewImport(app, await bundleBody(bundle, { ...trusting(), allow_unsigned: true }))
    const { shasums: _list, signature: _signature, ...zips } = filesOf(bundle)
    expect((await sendFiles(app, providerIn(id), zips)).json().code).toBe('INVALID_SIGNATURE')
    expect((await sendFiles(app, providerIn(id), { ...zips, shasums: Buffer.from('x') })).json().code).toBe('BAD_REQUEST')
    expect(await served(app)).toEqual([])
  })

  test('what is not listed, and what is not sent, is refused', async () => {
    const bundle = await importableBundle(app, signer)
    const { id } = await beginNewImport(app, await bundleBody(bundle, trusting()))
    const codeOf = async (url: string, files: Record<string, Uint8Array>) => (await sendFiles(app, url, files)).json().code
    expect(await codeOf(`/api/v1/admin/imports/${id}/providers/${NULL}/9.9.9`, filesOf(bundle))).toBe('RULE_BROKEN')
    expect(await codeOf(`/api/v1/admin/imports/${id}/modules/acme/vpc/aws/9.9.9`, moduleOf(bundle))).toBe('RULE_BROKEN')
    expect(await codeOf(providerIn(id), { ...filesOf(bundle), 'evil.zip': Buffer.from('x') })).toBe('BAD_REQUEST')
    const { [ZIP]: _left, ...rest } = filesOf(bundle)
    expect(await codeOf(providerIn(id), rest)).toBe('BAD_REQUEST')
    expect(await codeOf(moduleIn(id), {})).toBe('BAD_REQUEST')
    expect((await sendFiles(app, providerIn('nowhere'), filesOf(bundle))).statusCode).toBe(404)
  })

  test('providers and modules are served with the same bytes, and a second import keeps everything', async () => {
    const bundle = await importableBundle(app, signer)
    const { id } = await beginNewImport(app, await bundleBody(bundle, trusting()))
    const sent = await sendFiles(app, providerIn(id), filesOf(bundle))
    expect(sent.json()).toMatchObject({ added: ['darwin_arm64', 'linux_amd64'], kept: [] })
    expect((await sendFiles(app, moduleIn(id), moduleOf(bundle))).json()).toMatchObject({ added: ['acme/vpc/aws 1.0.0'] })
    const done = await app.asAdmin({ method: 'POST', url: `/api/v1/admin/imports/${id}/finish` })
    expect(done.json()).toMatchObject({ name: 'site-a', added: 3, refused: 0, finished_at: expect.any(String) })

    const { archives } = (await app.request(`/v1/mirror/${NULL}/3.2.1.json`)).json<{ archives: Record<string, { hashes: string[] }> }>()
    const stated = bundle.manifest.providers[0]?.versions[0]?.packages.map(({ h1, zh }) => [h1, zh])
    expect(Object.values(archives).map(({ hashes }) => hashes)).toEqual(stated)
    const { sha256 } = await downloadModule(app, 'acme/vpc/aws', '1.0.0')
    expect(sha256).toBe(bundle.manifest.objects.find(({ path }) => path.startsWith('modules/'))?.sha256)
    const keys = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: { fingerprint: string; state: string }[] }>()
    expect(keys.items.map(({ fingerprint, state }) => [fingerprint, state])).toEqual([[signer.fingerprint, 'trusted']])

    for (const url of [providerIn(id), moduleIn(id)]) expect((await sendFiles(app, url, filesOf(bundle))).json().code).toBe('IMPORT_ENDED')
    expect((await app.asAdmin({ method: 'POST', url: `/api/v1/admin/imports/${id}/finish` })).json().code).toBe('IMPORT_ENDED')
    const again = await beginNewImport(app, await bundleBody(bundle))
    expect(again).toMatchObject({ add: 0, keep: 3, refuse: 0 })
    expect((await sendFiles(app, providerIn(again.id), {})).json()).toMatchObject({ added: [], bytes: 0 })
    expect((await sendFiles(app, moduleIn(again.id), {})).json()).toMatchObject({ added: [], kept: ['acme/vpc/aws 1.0.0'] })
  })
})

describe.each(DIALECTS)('an import that was broken off on %s', (dialect) => {
  test('is begun again, and only what is missing is asked for', async () => {
    const app = await sealedApp(dialect)
    onTestFinished(() => app.close())
    const bundle = await importableBundle(app, signer)
    const first = await beginNewImport(app, await bundleBody(bundle, trusting()))
    await sendFiles(app, providerIn(first.id), filesOf(bundle))
    const second = await beginNewImport(app, await bundleBody(bundle))
    expect(second).toMatchObject({ add: 1, keep: 2, refuse: 0, modules: [{ state: 'add' }] })
    await sendFiles(app, moduleIn(second.id), moduleOf(bundle))
    expect(await beginNewImport(app, await bundleBody(bundle, { dry_run: true }))).toMatchObject({ add: 0, keep: 3 })
  })

  test('lets two clients send the same at once', async () => {
    const app = await sealedApp(dialect)
    onTestFinished(() => app.close())
    const bundle = await importableBundle(app, signer)
    const begun = await Promise.all([0, 1].map(async () => beginNewImport(app, await bundleBody(bundle, trusting()))))
    const sent = await Promise.all(begun.map(({ id }) => sendFiles(app, providerIn(id), filesOf(bundle))))
    expect(sent.map(({ statusCode }) => statusCode)).toEqual([200, 200])
    const added = sent.flatMap((response) => response.json<{ added: string[] }>().added)
    expect(added.sort()).toEqual(['darwin_arm64', 'linux_amd64'])
    expect(await served(app)).toEqual(['darwin_arm64', 'linux_amd64'])
  })
})

describe('the signature of a bundle', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await sealedApp('sqlite')
  })
  afterAll(() => app.close())

  const refusalOf = async (payload: object) => {
    const response = await beginImport(app, payload)
    return [response.statusCode, response.json<{ code: string }>().code]
  }

  test('counts only from a key that the settings name', async () => {
    const bundle = await importableBundle(app)
    expect(await refusalOf(await bundleBody(bundle))).toEqual([422, 'INVALID_SIGNATURE'])
  })

  test('covers every byte of the manifest', async () => {
    const bundle = await importableBundle(app, signer)
    const body = (await bundleBody(bundle)) as { bundle: { manifest: string; signature: string } }
    const text = formatManifest({ ...bundle.manifest, created_at: '2026-01-02T03:04:05.679Z' })
    expect(await refusalOf({ bundle: { ...body.bundle, manifest: text } })).toEqual([422, 'INVALID_SIGNATURE'])
    expect(await refusalOf({ bundle: { ...body.bundle, manifest: `${body.bundle.manifest} ` } })).toEqual([422, 'INVALID_BUNDLE'])
    expect(await refusalOf({ bundle: { ...body.bundle, signature: '' } })).toEqual([422, 'INVALID_SIGNATURE'])
  })

  test('does not let a key in that is not in the bundle', async () => {
    const bundle = await importableBundle(app, signer)
    expect(await refusalOf(await bundleBody(bundle, { trust_keys: ['AB'.repeat(20)] }))).toEqual([422, 'RULE_BROKEN'])
    expect(await refusalOf({})).toEqual([400, 'BAD_REQUEST'])
  })

  test('says nothing of files that only an earlier bundle has', async () => {
    const bundle = await importableBundle(app, signer)
    const { manifest } = bundle
    const moved = {
      ...manifest,
      since: { name: 'site-0', sha256: 'ab'.repeat(32) },
      parts: [],
      objects: manifest.objects.map((object) => ({ ...object, part: null })),
    }
    const plan = await beginNewImport(app, await bundleBody({ ...bundle, manifest: moved }, { dry_run: true, ...trusting() }))
    expect(plan).toMatchObject({ add: 0, refuse: 3 } satisfies Partial<PlanAnswer>)
    expect(plan.versions[0]?.packages[0]?.reason).toMatchObject({ code: 'INVALID_BUNDLE' })
  })
})
