import { createHash } from 'node:crypto'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { layOutParts } from '@terrace/protocol/bundle/bundle-parts.ts'
import { moduleArchivePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type BundleSigner, makeBundleSigner } from '../../testing/bundle-fixture.ts'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type FakeModules, startFakeModules } from '../../testing/fake-modules.ts'
import { beginNewImport, bundleBody, IMPORTS, sendFiles } from '../../testing/import-bundle.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { moduleClient, modulesApp } from '../../testing/modules-on-demand.ts'
import { publishNewModule } from '../../testing/publish-modules.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { signedPlan } from '../../testing/test-bundles.ts'

const NAME = 'Acme/net/aws'
const MODULE = { hostname: ORIGIN, namespace: 'Acme', name: 'net', system: 'aws' }
const FILES = { 'src/main.tf': '# a module\n', 'src/modules/part/main.tf': '# a part\n' }

let upstream: FakeModules
let signer: BundleSigner
/** Of a registry that has fetched the module. */
let manifest: BundleManifest
let archive: Buffer

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  upstream = await startFakeModules()
  signer = await makeBundleSigner()
  upstream.add(NAME, { '1.0.0': { files: FILES, location: 'ARCHIVE//src?archive=tar.gz' } })
  return () => upstream.close()
})

let packing: Promise<void> | undefined

/** Has it packed by a server that is left outside, once: that ends with the first test. */
function pack(): Promise<void> {
  packing ??= packOutside()
  return packing
}

async function packOutside(): Promise<void> {
  const outside = await modulesApp('sqlite', upstream)
  archive = await outside.install(NAME)
  const files = [{ path: 'main.tf', text: `module "net" {\n  source = "${ORIGIN}/${NAME}"\n}\n` }]
  manifest = await signedPlan(outside, { source: 'configuration', files })
}

type Version = BundleManifest['modules'][number]['versions'][number]

/** The body that begins an import of it, signed again after changes. */
async function bodyOf({ version = {}, bytes = archive }: { version?: Partial<Version>; bytes?: Uint8Array } = {}, more: object = {}) {
  const changed = structuredClone(manifest)
  const [module] = changed.modules
  if (module?.versions[0] === undefined) throw new Error('There is no module')
  module.versions[0] = { ...module.versions[0], ...version }
  const path = moduleArchivePath(MODULE, '1.0.0')
  const placed = layOutParts([{ path, size: bytes.length, sha256: sha256(bytes), isElsewhere: false }], 1_000_000)
  const key = { fingerprint: signer.fingerprint, ascii_armor: signer.publicArmor }
  const whole = { ...changed, ...structuredClone(placed), signing_key: key } as BundleManifest
  return bundleBody({ manifest: whole, contents: new Map(), signer }, more)
}

/** Stated for other content than is packed. */
const stating = (content: string): { version: Partial<Version> } => {
  const source = manifest.modules[0]?.versions[0]?.fetched_from
  if (source === undefined) throw new Error('There is no source')
  return { version: { fetched_from: { ...source, content_sha256: content } } }
}

async function insideApp(dialect: Dialect): Promise<InsideApp> {
  const app = await testApp(dialect, { TFR_MIRROR_SEALED: 'true', TFR_BUNDLES_TRUSTED_KEYS: signer.fingerprint })
  return { ...app, ...moduleClient(app) }
}

type InsideApp = TestApp & ReturnType<typeof moduleClient>

const heldIn = async (app: InsideApp) =>
  (await app.asAdmin({ url: '/api/v1/admin/upstream-modules' })).json<{ items: Record<string, unknown>[] }>().items

async function auditOf(app: InsideApp, action: string) {
  return (await app.asAdmin({ url: `/api/v1/audit?action=${action}` })).json<{ items: object[] }>().items
}

const targetIn = (id: string) => `/api/v1/admin/imports/${id}/upstream-modules/${ORIGIN}/Acme/net/aws/1.0.0`

const send = (app: InsideApp, id: string, bytes: Uint8Array = archive) => sendFiles(app, targetIn(id), { 'module.tar.gz': bytes })

describe.each(DIALECTS)('importing a public module on %s', (dialect) => {
  test('a dry run shows it and changes nothing', async () => {
    await pack()
    const app = await insideApp(dialect)
    const plan = await beginNewImport(app, await bodyOf({}, { dry_run: true }))
    expect(plan).toMatchObject({
      id: null,
      add: 1,
      keep: 0,
      refuse: 0,
      modules: [{ ...MODULE, origin: 'mirrored', state: 'add', reason: null }],
    })
    expect(await heldIn(app)).toEqual([])
  })

  test('it is served by a sealed server with the same bytes and origin, and a second import keeps it', async () => {
    await pack()
    const app = await insideApp(dialect)
    upstream.requests.length = 0
    const { id } = await beginNewImport(app, await bodyOf())
    expect((await send(app, id)).json()).toEqual({ added: [`${ORIGIN}/${NAME} 1.0.0`], kept: [], bytes: archive.length })
    expect(await app.versions(NAME)).toMatchObject({ status: 200, stale: 0, versions: ['1.0.0'] })
    expect((await app.download(NAME)).location).toContain('.tar.gz//src?')
    expect(sha256(await app.install(NAME.toLowerCase()))).toBe(sha256(archive))
    const source = manifest.modules[0]?.versions[0]?.fetched_from
    expect(await heldIn(app)).toMatchObject([
      { ...MODULE, subdir: 'src', source_url: source?.url, received_sha256: source?.received_sha256, created_by: 'admin' },
    ])
    expect(await auditOf(app, 'upstream_module.import')).toMatchObject([{ object: `${ORIGIN}/acme/net/aws 1.0.0` }])

    expect((await app.asAdmin({ method: 'POST', url: `${IMPORTS}/${id}/finish` })).json()).toMatchObject({ added: 1, refused: 0 })
    const again = await beginNewImport(app, await bodyOf())
    expect(again).toMatchObject({ add: 0, keep: 1, refuse: 0 })
    expect((await sendFiles(app, targetIn(again.id), {})).json()).toMatchObject({ added: [], kept: [`${ORIGIN}/${NAME} 1.0.0`] })
    expect(upstream.requests).toEqual([])
  })

  test('other content than is held is refused, and what is held stays', async () => {
    await pack()
    const app = await insideApp(dialect)
    const first = await beginNewImport(app, await bodyOf())
    const late = await beginNewImport(app, await bodyOf(stating('ab'.repeat(32))))
    await send(app, first.id)
    const plan = await beginNewImport(app, await bodyOf(stating('ab'.repeat(32)), { dry_run: true }))
    expect(plan.modules).toMatchObject([{ state: 'refuse', reason: { code: 'MODULE_VERSION_EXISTS' } }])
    expect((await send(app, late.id)).json()).toMatchObject({ code: 'MODULE_VERSION_EXISTS' })
    expect(sha256(await app.install(NAME))).toBe(sha256(archive))
    const notes = (await app.asAdmin({ url: '/api/v1/admin/notifications' })).json<{ items: object[] }>().items
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'digest_changed', subject: `${ORIGIN}/${NAME} 1.0.0` }))
  })

  test('a damaged one is restored by the same content', async () => {
    await pack()
    const app = await insideApp(dialect)
    await send(app, (await beginNewImport(app, await bodyOf())).id)
    await app.deps.database.db.updateTable('upstreamModuleVersions').set({ damagedAt: 1 }).execute()
    const again = await beginNewImport(app, await bodyOf())
    expect(again).toMatchObject({ add: 1, keep: 0 })
    expect((await send(app, again.id)).json()).toMatchObject({ added: [`${ORIGIN}/${NAME} 1.0.0`] })
    expect(await heldIn(app)).toMatchObject([{ damaged: false }])
  })

  test('a namespace that is claimed here lets none in, also when it is claimed after the import began', async () => {
    await pack()
    const app = await insideApp(dialect)
    const { id } = await beginNewImport(app, await bodyOf())
    await publishNewModule(app, { address: 'acme/own/aws' })
    expect((await send(app, id)).json()).toMatchObject({ code: 'POLICY_REFUSED', detail: expect.stringContaining('is claimed here') })
    const plan = await beginNewImport(app, await bodyOf({}, { dry_run: true }))
    expect(plan.modules).toMatchObject([{ state: 'refuse', reason: { code: 'POLICY_REFUSED' } }])
    expect(await heldIn(app)).toEqual([])
  })
})

describe('the archive of a public module', () => {
  let app: InsideApp
  const codeOf = async (body: object, bytes?: Uint8Array) => (await send(app, (await beginNewImport(app, body)).id, bytes)).json().code

  test('is refused unless it is the one that is signed for, has the stated content, and is canonical', async () => {
    await pack()
    app = await insideApp('sqlite')
    const changed = Buffer.from(archive)
    changed[50] = (changed[50] ?? 0) ^ 1
    expect(await codeOf(await bodyOf(), changed)).toBe('CHECKSUM_MISMATCH')
    expect(await codeOf(await bodyOf({ bytes: Buffer.from('no archive') }), Buffer.from('no archive'))).toBe('INVALID_MODULE_ARCHIVE')
    expect(await codeOf(await bodyOf(stating('ab'.repeat(32))))).toBe('CHECKSUM_MISMATCH')
    const source = manifest.modules[0]?.versions[0]?.fetched_from
    if (source === undefined) throw new Error('There is no source')
    expect(await codeOf(await bodyOf({ version: { fetched_from: { ...source, subdir: 'none' } } }))).toBe('INVALID_MODULE_ARCHIVE')
    expect(await heldIn(app)).toEqual([])
  })

  test('is taken for nothing that is published, and by no other host', async () => {
    await pack()
    app = await insideApp('sqlite')
    const { id } = await beginNewImport(app, await bodyOf())
    const files = { 'module.tar.gz': archive }
    expect((await sendFiles(app, `${IMPORTS}/${id}/modules/${NAME}/1.0.0`, files)).json()).toMatchObject({ code: 'RULE_BROKEN' })
    const other = targetIn(id).replace(ORIGIN, 'other.example.com')
    expect((await sendFiles(app, other, files)).json()).toMatchObject({ code: 'RULE_BROKEN' })
    expect((await sendFiles(app, targetIn(id), {})).json()).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
