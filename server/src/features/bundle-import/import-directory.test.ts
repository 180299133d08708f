import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { beginImport, beginNewImport, type SentFiles, sendFiles } from '../../testing/import-bundle.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, startJobs } from '../../testing/mirror-jobs.ts'
import { shasumsOf } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { buildProviderZip } from '../../testing/zip-writer.ts'

const PLATFORMS = ['darwin_arm64', 'linux_amd64']
const VERSION = '1.0.0'

let upstream: FakeUpstream
let names = 0
beforeAll(async () => {
  upstream = await startFakeUpstream()
})
afterAll(() => upstream.close())

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const filenameOf = (platform: string) => `terraform-provider-widget_${VERSION}_${platform}.zip`

/** A provider of the upstream with a namespace of its own, and its zips as a folder has them. */
async function newProvider(): Promise<{ name: string; zips: Record<string, Buffer> }> {
  names += 1
  const name = `folder-${names}/widget`
  await upstream.addProvider(name, { versions: { [VERSION]: { platforms: PLATFORMS } } })
  return { name, zips: Object.fromEntries(PLATFORMS.map((platform) => [platform, upstream.package(name, VERSION, platform).body])) }
}

/** The body that begins the import of a folder with these zips. */
function directoryOf(name: string, zips: Readonly<Record<string, Uint8Array>>, more: object = {}) {
  const [namespace = '', type = ''] = name.split('/')
  const packages = Object.entries(zips).map(([platform, zip]) => ({ platform, size: zip.length, sha256: sha256(zip), hashes: [] }))
  return { name: 'mirror', versions: [{ hostname: ORIGIN, namespace, type, version: VERSION, packages, ...more }] }
}

const sentZips = (zips: Readonly<Record<string, Uint8Array>>): SentFiles =>
  Object.fromEntries(Object.entries(zips).map(([platform, zip]) => [filenameOf(platform), zip]))

describe.each(DIALECTS)('importing a folder on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp(dialect, mirrorSettings(upstream))
  })
  afterAll(() => app.close())

  const target = (id: string, name: string) => `/api/v1/admin/imports/${id}/providers/${ORIGIN}/${name}/${VERSION}`

  test('what nothing signed speaks for is refused, unless it is allowed; then it is marked for ever', async () => {
    const { name, zips } = await newProvider()
    const refused = await beginNewImport(app, { directory: directoryOf(name, zips) })
    expect(refused).toMatchObject({ add: 0, refuse: 2 })
    expect(refused.versions[0]?.packages[0]?.reason).toMatchObject({ code: 'INVALID_SIGNATURE' })
    expect((await sendFiles(app, target(refused.id, name), sentZips(zips))).json().code).toBe('INVALID_SIGNATURE')
    expect(await archivesOf(app, name)).toEqual({})

    const { id } = await beginNewImport(app, { directory: directoryOf(name, zips), allow_unsigned: true })
    const sent = await sendFiles(app, target(id, name), sentZips(zips))
    expect(sent.json()).toMatchObject({ added: PLATFORMS, kept: [] })
    const archives = await archivesOf(app, name)
    expect(Object.keys(archives)).toEqual(PLATFORMS)
    expect(archives.linux_amd64?.hashes).toEqual([expect.stringMatching(/^h1:/), `zh:${sha256(zips.linux_amd64 ?? Buffer.of())}`])
    const held = await app.asAdmin({ url: '/api/v1/admin/providers?limit=100' })
    const rows = held.json<{ items: { namespace: string; provenance: string; signed_by: string }[] }>().items
    expect(rows.filter(({ namespace }) => name.startsWith(`${namespace}/`))).toEqual([
      expect.objectContaining({ provenance: 'unsigned', signed_by: 'registry' }),
      expect.objectContaining({ provenance: 'unsigned', signed_by: 'registry' }),
    ])
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?limit=100' })).json<{ items: { action: string; object: string }[] }>()
    expect(items).toContainEqual(
      expect.objectContaining({ action: 'provider_package.import_unsigned', object: `${ORIGIN}/${name} ${VERSION}` }),
    )
  })

  test('a signed list that is held speaks for the other platforms of its version, and for no other bytes', async () => {
    const { name, zips } = await newProvider()
    const worker = startJobs(app)
    await load(app, definitionOf(name, [VERSION], ['linux_amd64']))
    await worker.stop(0)
    const { id, ...plan } = await beginNewImport(app, { directory: directoryOf(name, zips) })
    expect(plan).toMatchObject({ add: 1, keep: 1, refuse: 0 })
    const sent = await sendFiles(app, target(id, name), { [filenameOf('darwin_arm64')]: zips.darwin_arm64 ?? Buffer.of() })
    expect(sent.json()).toMatchObject({ added: ['darwin_arm64'], kept: ['linux_amd64'] })

    const other = await newProvider()
    const again = startJobs(app)
    await load(app, definitionOf(other.name, [VERSION], ['linux_amd64']))
    await again.stop(0)
    const forged = buildProviderZip({ type: 'widget', version: VERSION, content: 'forged' })
    const refused = await beginNewImport(app, { directory: directoryOf(other.name, { darwin_arm64: forged, linux_amd64: forged }) })
    expect(refused.versions[0]?.packages.map(({ reason }) => reason?.code)).toEqual(['CHECKSUM_MISMATCH', 'PROVIDER_VERSION_EXISTS'])
    const sentForged = await sendFiles(app, target(refused.id, other.name), sentZips({ darwin_arm64: forged, linux_amd64: forged }))
    expect(sentForged.statusCode).toBeGreaterThanOrEqual(409)
    expect(Object.keys(await archivesOf(app, other.name))).toEqual(['linux_amd64'])
  })

  // reliability.md row 44
  test('other bytes under a known name are refused with an alarm', async () => {
    const { name, zips } = await newProvider()
    const { id } = await beginNewImport(app, { directory: directoryOf(name, zips), allow_unsigned: true })
    await sendFiles(app, target(id, name), sentZips(zips))
    const forged = { linux_amd64: buildProviderZip({ type: 'widget', version: VERSION, content: 'forged' }) }
    const second = await beginNewImport(app, { directory: directoryOf(name, forged), allow_unsigned: true })
    const sent = await sendFiles(app, target(second.id, name), sentZips(forged))
    expect([sent.statusCode, sent.json().code]).toEqual([409, 'PROVIDER_VERSION_EXISTS'])
    const notes = (await app.asAdmin({ url: '/api/v1/admin/notifications?limit=100' })).json<{
      items: { kind: string; subject: string }[]
    }>()
    expect(notes.items).toContainEqual(expect.objectContaining({ kind: 'digest_changed', subject: `${ORIGIN}/${name} ${VERSION}` }))
  })

  test('a list and signature that lie beside the zips count when the key is trusted here', async () => {
    const { name, zips } = await newProvider()
    const [namespace = ''] = name.split('/')
    const key = await upstream.signingKey(namespace)
    const shasums = shasumsOf('widget', VERSION, zips)
    const signature = Buffer.from(await key.sign(shasums))
    const files = { ...sentZips(zips), shasums, signature }
    const lists = {
      shasums: { size: shasums.length, sha256: sha256(shasums) },
      signature: { size: signature.length, sha256: sha256(signature) },
    }
    const begin = () => beginNewImport(app, { directory: directoryOf(name, zips, lists) })
    const first = await begin()
    expect(first).toMatchObject({ add: 2, refuse: 0, versions: [{ needs_list: true }] })
    expect((await sendFiles(app, target(first.id, name), files)).json().code).toBe('INVALID_SIGNATURE')
    const trusted = { scope: `${ORIGIN}/${namespace}`, ascii_armor: key.asciiArmor, fingerprint: key.fingerprint }
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/signing-keys', payload: trusted })).statusCode).toBe(201)
    expect((await sendFiles(app, target((await begin()).id, name), files)).json()).toMatchObject({ added: PLATFORMS })
    expect(Object.keys(await archivesOf(app, name))).toEqual(PLATFORMS)
  })

  test('hashes that are stated beside a zip must be its own', async () => {
    const { name, zips } = await newProvider()
    const directory = directoryOf(name, zips)
    const stated = structuredClone(directory)
    for (const item of stated.versions[0]?.packages ?? []) Object.assign(item, { hashes: [`h1:${'A'.repeat(43)}=`] })
    const { id } = await beginNewImport(app, { directory: stated, allow_unsigned: true })
    const sent = await sendFiles(app, target(id, name), sentZips(zips))
    expect([sent.statusCode, sent.json().code]).toEqual([422, 'CHECKSUM_MISMATCH'])
    expect(await archivesOf(app, name)).toEqual({})
  })

  test('policies are asked about what is carried here too', async () => {
    const { name, zips } = await newProvider()
    const [namespace = ''] = name.split('/')
    const rule = { name: `deny ${namespace}`, priority: 1000, effect: 'deny', namespace, reason: 'not wanted' }
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload: rule })).statusCode).toBe(201)
    const plan = await beginNewImport(app, { directory: directoryOf(name, zips), allow_unsigned: true })
    expect(plan.versions[0]?.packages.map(({ reason }) => reason?.code)).toEqual(['POLICY_REFUSED', 'POLICY_REFUSED'])
    expect((await sendFiles(app, target(plan.id, name), sentZips(zips))).json().code).toBe('POLICY_REFUSED')
  })

  test.each([
    ['a platform that is none', { packages: [{ platform: 'win_x', size: 1, sha256: 'ab'.repeat(32), hashes: [] }] }, 'RULE_BROKEN'],
    ['a version that is none', { version: '../1' }, 'INVALID_VERSION'],
    ['a host that is none', { hostname: '../..' }, 'BAD_REQUEST'],
    ['a digest that is none', { packages: [{ platform: 'linux_amd64', size: 1, sha256: 'x', hashes: [] }] }, 'BAD_REQUEST'],
  ])('%s is refused', async (_name, more, code) => {
    const directory = directoryOf('acme/widget', { linux_amd64: Buffer.from('x') }, more)
    expect((await beginImport(app, { directory })).json().code).toBe(code)
  })
})
