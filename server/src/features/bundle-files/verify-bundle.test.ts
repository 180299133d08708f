import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { partFilename } from '@terrace/protocol/bundle/bundle-paths.ts'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { tarHeaders } from '@terrace/protocol/tar-headers.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildTestBundle, makeBundleSigner, type TestBundle, writeTestBundle } from '../../testing/bundle-fixture.ts'
import { type BundleReport, openManifest, readPinnedKey, verifyBundle } from './index.ts'

let base: string
let bundle: TestBundle
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'terrace-bundle-'))
  bundle = await buildTestBundle()
})
afterAll(() => rm(base, { recursive: true, force: true }))

async function written(given: TestBundle = bundle, manifestText?: string) {
  const folder = await mkdtemp(join(base, 'b-'))
  const manifestPath = await writeTestBundle(folder, given, manifestText)
  return { folder, manifestPath, part: (number: number) => join(folder, partFilename('site-a', number)) }
}

const verify = (manifestPath: string, pinned?: string): Promise<BundleReport> =>
  verifyBundle({ manifestPath, pinned: pinned === undefined ? undefined : { fingerprint: pinned }, now: Date.now() })

const problemsOf = async (manifestPath: string) =>
  (await verify(manifestPath)).problems.map(({ file, object, state }) => [file, object, state])

async function flip(path: string, position: number): Promise<void> {
  const bytes = await readFile(path)
  const at = position < 0 ? bytes.length + position : position
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

const PACKAGE = 'providers/registry.terraform.io/hashicorp/null/terraform-provider-null_3.2.1_linux_amd64.zip'
const MODULE = 'modules/terrace.example.net/acme/vpc/aws/1.0.0.tar.gz'
const HEADER = 512

/** The same with its module as one of an upstream, whose content shall have this digest. */
async function withPublicModule(moduleArchive: Uint8Array, content: string): Promise<TestBundle> {
  const made = await buildTestBundle({ moduleArchive })
  const source = { kind: 'git' as const, url: 'https://git.example.com/x', ref: null, received_sha256: null, subdir: '' }
  const modules = made.manifest.modules.map((module) => ({
    ...module,
    origin: 'mirrored' as const,
    versions: module.versions.map((version) => ({ ...version, fetched_from: { ...source, content_sha256: content } })),
  }))
  return { ...made, manifest: { ...made.manifest, modules } }
}

describe('a module of an upstream', () => {
  const PUBLIC = 'terrace.example.net/acme/vpc/aws 1.0.0'
  const content = Buffer.alloc(2_000_000, 'content')
  const digest = createHash('sha256').update(content).digest('hex')
  const found = async (archive: Uint8Array, stated: string) =>
    problemsOf((await written(await withPublicModule(archive, stated))).manifestPath)

  test('has the content that is stated', async () => {
    expect(await found(gzipSync(content), digest)).toEqual([])
    expect(await found(gzipSync(content), 'ab'.repeat(32))).toEqual([
      [PUBLIC, undefined, `its content is ${digest}, not ${'ab'.repeat(32)}`],
    ])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no archive', Buffer.from('x'.repeat(100_000))],
    ['half of one', gzipSync(content).subarray(0, 500)],
  ])('that is %s is told', async (_what, archive) => {
    expect(await found(archive, digest)).toEqual([[PUBLIC, undefined, 'its archive cannot be unpacked']])
  })

  test('ends where it says, whatever stands behind', async () => {
    expect(await found(Buffer.concat([gzipSync(content), Buffer.alloc(300_000, 'x')]), digest)).toHaveLength(1)
  })

  test('that was changed on the way is told once', async () => {
    const { manifestPath, part } = await written(await withPublicModule(gzipSync(content), digest))
    await flip(part(1), HEADER + 30)
    expect(await problemsOf(manifestPath)).toEqual([['site-a.tfbundle.001', MODULE, expect.stringContaining('its SHA-256 is')]])
  })
})

describe('a bundle that is whole', () => {
  test('has no problems and tells what was read', async () => {
    const { manifestPath } = await written()
    const report = await verify(manifestPath)
    expect(report.problems).toEqual([])
    expect(report).toMatchObject({ objects: 5, elsewhere: 0, signed: { isPinned: false, fingerprint: bundle.signer.fingerprint } })
    expect(bundle.manifest.parts.length).toBeGreaterThan(1)
  })

  test('is from whom a pinned key says', async () => {
    const { manifestPath } = await written()
    expect((await verify(manifestPath, bundle.signer.fingerprint)).signed.isPinned).toBe(true)
  })

  test('may leave objects to an earlier bundle', async () => {
    const whole = await buildTestBundle({ maxPartBytes: 1_000_000 })
    const { manifestPath } = await written({ ...whole, manifest: withoutPartOf(whole.manifest, MODULE) })
    expect(await verify(manifestPath)).toMatchObject({ objects: 4, elsewhere: 1, problems: [] })
  })

  // Otherwise a bundle of 100 GB would need as much memory.
  test('is read in small pieces, and says how far it is', async () => {
    const large = await buildTestBundle({ maxPartBytes: 10_000_000, moduleArchive: Buffer.alloc(3_000_000, 'x') })
    const { manifestPath } = await written(large)
    const seen: number[] = []
    let whole = 0
    const onBytes = (count: number, total: number): void => {
      seen.push(count)
      whole = total
    }
    expect((await verifyBundle({ manifestPath, pinned: undefined, now: Date.now(), onBytes })).problems).toEqual([])
    expect(whole).toBe(large.manifest.parts[0]?.size)
    expect(seen.reduce((sum, count) => sum + count, 0)).toBe(whole)
    expect(Math.max(...seen)).toBeLessThanOrEqual(256 * 1024)
  })
})

function withoutPartOf(manifest: BundleManifest, path: string): BundleManifest {
  const objects = manifest.objects.map((object) => (object.path === path ? { ...object, part: null } : object))
  const gone = manifest.objects.find((object) => object.path === path)?.size ?? 0
  const [first, ...rest] = manifest.parts
  if (first === undefined) throw new Error('there is no part')
  const size = first.size - HEADER - Math.ceil(gone / HEADER) * HEADER
  return { ...manifest, since: { name: 'site-0', sha256: '0'.repeat(64) }, objects, parts: [{ ...first, size }, ...rest] }
}

describe('a part', () => {
  const part = (number: number) => partFilename('site-a', number)
  const placeOf = (path: string) => bundle.manifest.objects.find((object) => object.path === path)?.part ?? 0

  test('with another bit in an object is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    await flip(pathOf(placeOf(MODULE)), HEADER)
    expect(await problemsOf(manifestPath)).toEqual([[part(1), MODULE, expect.stringMatching(/^its SHA-256 is [0-9a-f]{64}, not /)]])
  })

  test('with another bit anywhere is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    const { length } = await readFile(pathOf(1))
    for (let position = 0; position < length; position += 97) {
      await flip(pathOf(1), position)
      expect((await verify(manifestPath)).problems, `byte ${position}`).not.toEqual([])
      await flip(pathOf(1), position)
    }
    expect((await verify(manifestPath)).problems).toEqual([])
  })

  test('that is missing is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    await rm(pathOf(2))
    expect(await problemsOf(manifestPath)).toContainEqual([part(2), undefined, 'it is missing'])
  })

  test('that is one too many is found', async () => {
    const { manifestPath, folder } = await written()
    await writeFile(join(folder, part(9)), 'more')
    expect(await problemsOf(manifestPath)).toEqual([[part(9), undefined, 'the manifest does not list it']])
  })

  test('in the place of another is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    await rename(pathOf(1), `${pathOf(1)}.x`)
    await rename(pathOf(2), pathOf(1))
    await rename(`${pathOf(1)}.x`, pathOf(2))
    const files = (await problemsOf(manifestPath)).map(([file]) => file)
    expect(files).toContain(part(1))
    expect(files).toContain(part(2))
  })

  test.each([0, 100, 512, 1_000, -1, -600])('cut off at %s is found', async (at) => {
    const { manifestPath, part: pathOf } = await written()
    const { length } = await readFile(pathOf(1))
    await truncate(pathOf(1), at < 0 ? length + at : at)
    expect((await problemsOf(manifestPath)).map(([, , state]) => state)).toContain('the part ends too early')
  })

  test('with bytes behind its end is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    await writeFile(pathOf(1), Buffer.concat([await readFile(pathOf(1)), Buffer.alloc(3)]))
    expect(await problemsOf(manifestPath)).toEqual([[part(1), undefined, 'it has 3 bytes too many']])
  })

  test('that is a folder is found', async () => {
    const { manifestPath, part: pathOf } = await written()
    await rm(pathOf(1))
    await mkdir(pathOf(1))
    expect(await problemsOf(manifestPath)).toContainEqual([part(1), undefined, 'it is no file'])
  })

  test.each([
    ['a way out of the folder', tarHeaders({ path: '../../etc/passwd', size: 10, executable: false }), 'an entry "../../etc/passwd"'],
    ['the path of another object', tarHeaders({ path: PACKAGE, size: 10, executable: false }), 'an entry "providers/'],
    ['a program', tarHeaders({ path: MODULE, size: 10, executable: true }), `an entry "${MODULE}"`],
    ['a link', asLink(tarHeaders({ path: MODULE, size: 10, executable: false })), `a symbolic link "${MODULE}"`],
    ['another size', tarHeaders({ path: MODULE, size: 11, executable: false }), `an entry "${MODULE}"`],
  ])('with the header of %s is found', async (_name, header, text) => {
    const { manifestPath, part: pathOf } = await written()
    const bytes = await readFile(pathOf(1))
    bytes.set(header, 0)
    await writeFile(pathOf(1), bytes)
    expect(await problemsOf(manifestPath)).toEqual([[part(1), MODULE, expect.stringContaining(text)]])
  })
})

function asLink(header: Uint8Array): Uint8Array {
  header[156] = 0x32
  return header
}

describe('a manifest', () => {
  test('with another bit anywhere is refused', async () => {
    const { manifestPath } = await written()
    const { length } = await readFile(manifestPath)
    for (let position = 0; position < length; position += 101) {
      await flip(manifestPath, position)
      await expect(verify(manifestPath), `byte ${position}`).rejects.toMatchObject({ code: expect.stringMatching(/^INVALID_/) })
      await flip(manifestPath, position)
    }
  })

  test('with another bit in its signature is refused', async () => {
    const { manifestPath } = await written()
    await flip(`${manifestPath}.sig`, -1)
    await expect(verify(manifestPath)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' })
  })

  test('without a signature is refused', async () => {
    const { manifestPath } = await written()
    await rm(`${manifestPath}.sig`)
    await expect(verify(manifestPath)).rejects.toMatchObject({ code: 'INVALID_BUNDLE' })
  })

  test('that somebody else signed is refused where a key is pinned', async () => {
    const foreign = await buildTestBundle({ signer: await makeBundleSigner('Somebody') })
    const { manifestPath } = await written(foreign)
    expect((await verify(manifestPath)).problems).toEqual([])
    await expect(verify(manifestPath, bundle.signer.fingerprint)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' })
  })

  test('that names a key and has another is refused', async () => {
    const other = await makeBundleSigner('Somebody')
    const manifest = { ...bundle.manifest, signing_key: { fingerprint: bundle.signer.fingerprint, ascii_armor: other.publicArmor } }
    const { manifestPath } = await written({ ...bundle, manifest, signer: other })
    await expect(verify(manifestPath, bundle.signer.fingerprint)).rejects.toMatchObject({ code: 'INVALID_BUNDLE' })
  })

  test('that lists other sizes is refused', async () => {
    const objects = bundle.manifest.objects.map((object) => ({ ...object, size: object.size + HEADER }))
    const { manifestPath } = await written(bundle, formatManifest({ ...bundle.manifest, objects }))
    await expect(verify(manifestPath)).rejects.toMatchObject({ code: 'INVALID_BUNDLE' })
  })

  test('with an object twice is refused', async () => {
    const objects = [...bundle.manifest.objects, ...bundle.manifest.objects.slice(0, 1)]
    const { manifestPath } = await written(bundle, formatManifest({ ...bundle.manifest, objects }))
    await expect(verify(manifestPath)).rejects.toMatchObject({ code: 'INVALID_BUNDLE', message: expect.stringContaining('is there twice') })
  })

  test('under another name is found', async () => {
    const { manifestPath, folder } = await written()
    const other = join(folder, 'site-b.manifest.json')
    await rename(manifestPath, other)
    await rename(`${manifestPath}.sig`, `${other}.sig`)
    expect(await problemsOf(other)).toEqual([['site-b.manifest.json', undefined, 'it is the manifest of "site-a" under another name']])
  })

  test('that is no file is refused', async () => {
    const folder = await mkdtemp(join(base, 'b-'))
    await symlink('/dev/zero', join(folder, 'x.manifest.json'))
    await expect(verify(join(folder, 'x.manifest.json'))).rejects.toMatchObject({ code: 'INVALID_BUNDLE' })
  })

  test('in text that is not UTF-8 is refused', async () => {
    const opening = openManifest({ text: Buffer.from([0xff]), signature: new Uint8Array(), pinned: undefined, now: 0 })
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_BUNDLE' })
  })
})

describe('the signed lists in a bundle', () => {
  const replaced = (path: string, content: Uint8Array) => ({ ...bundle, contents: new Map([...bundle.contents, [path, content]]) })

  // Everything about it is right but the key: whoever packed the bundle cannot make a package genuine.
  test('are verified against the key that the version names', async () => {
    const other = await makeBundleSigner('Upstream')
    const keys = [{ fingerprint: other.fingerprint, ascii_armor: other.publicArmor }]
    const providers = structuredClone(bundle.manifest.providers)
    for (const version of providers.flatMap(({ versions }) => versions)) version.signing_key = other.fingerprint
    const { manifestPath } = await written({ ...bundle, manifest: { ...bundle.manifest, keys, providers } })
    expect(await problemsOf(manifestPath)).toEqual([
      [
        'registry.terraform.io/hashicorp/null 3.2.1',
        undefined,
        expect.stringMatching(/^Cannot verify the signature of "SHA256SUMS": signed by unknown key [0-9A-F]{16}$/),
      ],
    ])
  })

  test('are by the key that stands under the fingerprint, not by another one', async () => {
    const fingerprint = 'AB'.repeat(20)
    const keys = [{ fingerprint, ascii_armor: bundle.signer.publicArmor }]
    const providers = structuredClone(bundle.manifest.providers)
    for (const version of providers.flatMap(({ versions }) => versions)) version.signing_key = fingerprint
    const { manifestPath } = await written({ ...bundle, manifest: { ...bundle.manifest, keys, providers } })
    expect((await problemsOf(manifestPath)).map(([, , state]) => state)).toEqual([
      `its SHA256SUMS is signed with ${bundle.signer.fingerprint}, not with ${fingerprint}`,
    ])
  })

  test.each([
    [
      'another digest',
      (text: string) => text.replace(/^[0-9a-f]{64}(?=.*linux_amd64)/m, '0'.repeat(64)),
      'has another digest for linux_amd64',
    ],
    ['no such package', (text: string) => text.replace('linux_amd64', 'linux_other'), 'does not list linux_amd64'],
  ])('with %s are found, however well they are signed', async (_name, change, state) => {
    const changed = await buildTestBundle({ changeShasums: change })
    const { manifestPath } = await written(changed)
    expect((await problemsOf(manifestPath)).map((problem) => problem[2])).toEqual([`its signed SHA256SUMS ${state}`])
  })

  test('that are damaged are a problem of their part only', async () => {
    const path = PACKAGE.replace('linux_amd64.zip', 'SHA256SUMS')
    const { manifestPath } = await written(replaced(path, Buffer.alloc(bundle.contents.get(path)?.length ?? 0)))
    expect((await problemsOf(manifestPath)).map(([, object]) => object)).toEqual([path])
  })
})

describe('a pinned key', () => {
  test.each(['ab'.repeat(20), `0x${'AB'.repeat(20)}`, 'ABAB '.repeat(10), 'AB:'.repeat(20)])('may be the fingerprint %s', async (text) => {
    expect(await readPinnedKey(text)).toEqual({ fingerprint: 'AB'.repeat(20) })
  })

  test('may be a file', async () => {
    const path = join(base, 'key.asc')
    await writeFile(path, bundle.signer.publicArmor)
    expect(await readPinnedKey(path)).toEqual({ fingerprint: bundle.signer.fingerprint })
  })

  test.each(['ABCDEF1234567890', 'no/such/file'])('is not %s', async (text) => {
    await expect(readPinnedKey(text)).rejects.toMatchObject({ code: 'INVALID_SIGNING_KEY' })
  })
})
