import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { buildZip, type RawHeaderFields, type ZipEntry } from '../../testing/zip-writer.ts'
import { inspectPackageFile } from './inspect-package-file.ts'
import { DEFAULT_PACKAGE_LIMITS, type PackageLimits, type PackageRule } from './package-rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'hostile-packages-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BINARY: ZipEntry = { name: 'terraform-provider-foo_v1.0.0', content: 'binary '.repeat(20), method: 'deflated' }
const NOTES: ZipEntry = { name: 'notes.txt', content: 'harmless '.repeat(10) }

/** Compresses to 76 KB: more than what is inflated in one go. */
const LARGE = Buffer.from(Array.from({ length: 30_000 }, (_, index) => `${(index * 7919) % 100_003} `).join(''))

/** Rules by which the zip is refused; empty when it is accepted. */
async function rulesBroken(zip: Uint8Array, strict: boolean, limits: Partial<PackageLimits> = {}): Promise<PackageRule[]> {
  const path = join(folder, 'package.zip')
  writeFileSync(path, zip)
  const inspection = await inspectPackageFile({ path, type: 'foo', strict }, { ...DEFAULT_PACKAGE_LIMITS, ...limits })
  return 'refused' in inspection ? inspection.refused.map(({ rule }) => rule) : []
}

const withNotes = (raw: RawHeaderFields, entry: Partial<ZipEntry> = {}): Buffer => buildZip([BINARY, { ...NOTES, ...entry, raw }])

// reliability.md section 3, rows 1 and 43: these names are refused for published and for mirrored packages.
describe.each([true, false])('entry names (published: %s)', (strict) => {
  test.each([
    ['../evil'],
    ['../../etc/passwd'],
    ['docs/../../evil'],
    ['docs/..'],
    ['..'],
    ['./../evil'],
    ['./..//evil'],
    ['docs/../../../../../../../../tmp/evil'],
    ['/etc/passwd'],
    ['//server/share'],
    ['/'],
    ['..\\evil'],
    ['docs\\..\\..\\evil'],
    ['\\evil'],
    ['\\\\server\\share\\evil'],
    ['C:\\evil'],
    ['C:/evil'],
    ['c:evil'],
    ['evil\0.txt'],
    ['evil\n.txt'],
    ['evil\r.txt'],
    ['\u001b[31mred'],
    ['delete\u007f'],
    [''],
    [`${'a/'.repeat(2000)}deep`],
    ['x'.repeat(4096)],
  ])('%j is refused', async (name) => {
    expect(await rulesBroken(buildZip([BINARY, { ...NOTES, name }]), strict)).toContain('entry_name')
    expect(readdirSync(folder)).toEqual(['package.zip'])
  })

  test('names that are not UTF-8 are refused', async () => {
    expect(await rulesBroken(buildZip([BINARY, { ...NOTES, name: Buffer.from([0x66, 0xff, 0x66]) }]), strict)).toContain('entry_name')
  })
})

// reliability.md section 3, row 2.
describe.each([true, false])('entry types and contents (published: %s)', (strict) => {
  test.each([
    ['symbolic link', 0o120777],
    ['character device', 0o020644],
    ['block device', 0o060644],
    ['FIFO', 0o010644],
    ['socket', 0o140755],
    ['folder without a slash', 0o040755],
    ['unknown type', 0o170644],
  ])('a %s is refused', async (_name, mode) => {
    expect(await rulesBroken(buildZip([BINARY, { ...NOTES, mode }]), strict)).toEqual(['entry_type'])
  })

  test('a link that is named like a folder is refused', async () => {
    expect(await rulesBroken(buildZip([BINARY, { name: 'docs/', mode: 0o120777 }]), strict)).toEqual(['entry_type'])
  })

  test('a folder with content is refused', async () => {
    expect(await rulesBroken(buildZip([BINARY, { name: 'docs/', content: 'x' }]), strict)).toEqual(['entry_type'])
  })

  test.each([0x1, 0x20, 0x40, 0x2000])('flag %i for encryption is refused', async (flags) => {
    expect(await rulesBroken(withNotes({ flags }), strict)).toEqual(['encrypted'])
  })

  test.each([1, 9, 12, 14, 93, 99])('compression method %i is refused', async (methodNumber) => {
    expect(await rulesBroken(withNotes({ methodNumber }), strict)).toEqual(['compression_method'])
  })

  test.each<[string, RawHeaderFields, Partial<ZipEntry>]>([
    ['a wrong CRC-32', { crc32: 1 }, {}],
    ['a stored entry of two sizes', { uncompressedSize: 5 }, {}],
    ['a longer content than declared', { uncompressedSize: 5 }, { method: 'deflated' }],
    ['a shorter content than declared', { uncompressedSize: 5000 }, { method: 'deflated' }],
    ['a truncated deflate stream', { data: deflateRawSync('harmless '.repeat(10)).subarray(0, -3) }, { method: 'deflated' }],
    ['data that is no deflate stream', { data: Buffer.alloc(64, 0xff) }, { method: 'deflated' }],
    ['an empty deflate stream', { data: Buffer.alloc(0) }, { method: 'deflated' }],
    [
      'data behind its deflate stream',
      { data: Buffer.concat([deflateRawSync('harmless '.repeat(10)), Buffer.from('tail')]) },
      { method: 'deflated' },
    ],
  ])('an entry with %s is refused', async (_name, raw, entry) => {
    expect(await rulesBroken(withNotes(raw, entry), strict)).toEqual(['damaged_content'])
  })

  // Beyond 64 KiB entries are inflated as a stream.
  test.each<[string, RawHeaderFields]>([
    ['a wrong CRC-32', { crc32: 1 }],
    ['a longer content than declared', { uncompressedSize: 5000 }],
    ['a shorter content than declared', { uncompressedSize: 5_000_000 }],
    ['a truncated deflate stream', { data: deflateRawSync(LARGE).subarray(0, -3) }],
    ['data that is no deflate stream', { data: Buffer.alloc(100_000, 0xff) }],
    ['a few bytes behind its deflate stream', { data: Buffer.concat([deflateRawSync(LARGE), Buffer.from('tail')]) }],
    ['several buffers behind its deflate stream', { data: Buffer.concat([deflateRawSync(LARGE), Buffer.alloc(700_000)]) }],
  ])('a large entry with %s is refused', async (_name, raw) => {
    expect(await rulesBroken(withNotes(raw, { method: 'deflated', content: LARGE }), strict)).toEqual(['damaged_content'])
  })

  test('a large entry that is sound is accepted', async () => {
    expect(await rulesBroken(withNotes({}, { method: 'deflated', content: LARGE }), strict)).toEqual([])
  })
})

// reliability.md section 3, row 4.
describe.each([true, false])('bombs (published: %s)', (strict) => {
  test('an entry that unpacks to more than 200 times its size is refused unread', async () => {
    const content = Buffer.alloc(70 * 1024 ** 2)
    const bomb = buildZip([BINARY, { name: 'bomb', content, method: 'deflated' }])
    expect(bomb.length).toBeLessThan(100_000)
    expect(await rulesBroken(bomb, strict)).toEqual(['compression_ratio', 'compression_ratio'])
  })

  test('many entries that are each small enough are refused for their sum', async () => {
    const data = deflateRawSync(Buffer.alloc(1024 ** 2))
    const raw = { data, uncompressedSize: 1024 ** 2, crc32: crc32(Buffer.alloc(1024 ** 2)) }
    const entries = Array.from({ length: 70 }, (_, index) => ({ name: `part${index}`, method: 'deflated' as const, raw }))
    expect(await rulesBroken(buildZip([BINARY, ...entries]), strict)).toEqual(['compression_ratio'])
  })

  test('a declared total beyond the limit is refused', async () => {
    expect(await rulesBroken(buildZip([BINARY, NOTES]), strict, { maxUncompressedBytes: 200 })).toEqual(['too_large'])
  })

  test('10 001 entries are refused', async () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => ({ name: `${index}` }))
    expect(await rulesBroken(buildZip([BINARY, ...entries]), strict)).toEqual(['too_many_entries'])
  })

  test('10 000 entries are accepted', async () => {
    const entries = Array.from({ length: 9_999 }, (_, index) => ({ name: `${index}` }))
    expect(await rulesBroken(buildZip([BINARY, ...entries]), strict)).toEqual([])
  })

  // Overlapping entries reach ratios that no single deflate stream can.
  test('entries that share their bytes are refused', async () => {
    expect(await rulesBroken(buildZip([BINARY, { ...NOTES, raw: { localHeaderOffset: 0 } }]), strict)).toEqual(['overlapping_entries'])
  })

  test('an entry that reaches into the next one is refused', async () => {
    const zip = buildZip([{ ...NOTES, raw: { compressedSize: 200, uncompressedSize: 200 } }, BINARY])
    expect(await rulesBroken(zip, strict)).toEqual(['overlapping_entries'])
  })
})

describe.each([true, false])('broken structure (published: %s)', (strict) => {
  const sound = buildZip([BINARY, NOTES])
  test.each<[string, Uint8Array]>([
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('<html>not found</html>'.repeat(10))],
    ['a tar.gz', Buffer.from('1f8b0800000000000003', 'hex')],
    ['a zip without its last byte', sound.subarray(0, -1)],
    ['a zip without its first byte', sound.subarray(1)],
    ['half a zip', sound.subarray(0, sound.length / 2)],
    ['a zip with bytes behind it', buildZip([BINARY], { suffix: Buffer.from('tail') })],
    ['a zip that counts too many entries', buildZip([BINARY], { entryCount: 2 })],
    ['a zip that counts too few entries', buildZip([BINARY, NOTES], { entryCount: 1 })],
    ['a directory that points beyond the file', buildZip([BINARY], { centralOffset: 1_000_000 })],
    ['a directory that points elsewhere', buildZip([BINARY], { centralOffset: 3 })],
    ['an entry that points beyond the directory', buildZip([BINARY, { ...NOTES, raw: { localHeaderOffset: 100_000 } }])],
  ])('%s is refused', async (_name, zip) => {
    const [rule] = await rulesBroken(zip, strict)
    expect(['not_a_zip', 'overlapping_entries']).toContain(rule)
  })

  test('Zip64 sizes are refused', async () => {
    expect(await rulesBroken(withNotes({ compressedSize: 0xffffffff }), strict)).toEqual(['zip64'])
    expect(await rulesBroken(buildZip([BINARY], { entryCount: 0xffff }), strict)).toEqual(['zip64'])
  })

  test('a package without the provider binary is refused', async () => {
    expect(await rulesBroken(buildZip([NOTES]), strict)).toEqual(['binary_name'])
    expect(await rulesBroken(buildZip([]), strict)).toEqual(['binary_name'])
  })
})

// reliability.md section 3, row 3: readers must not be able to disagree on a package that is published here. A mirrored package
// is signed as it is, and the CLIs read its central directory only, as we do.
describe('what published packages may not have, and mirrored ones may', () => {
  const extra = (id: number): Buffer => Buffer.from([id & 0xff, id >> 8, 2, 0, 1, 1])
  const nested = buildZip([{ name: 'inner' }])
  const cases: [string, PackageRule, Buffer][] = [
    ['folder entries', 'folder_entry', buildZip([BINARY, { name: 'docs/' }])],
    ['a binary without mode 0755', 'binary_mode', buildZip([{ ...BINARY, mode: 0o100644 }])],
    ['a binary without a Unix mode', 'binary_mode', buildZip([{ ...BINARY, raw: { versionMadeBy: 20 } }])],
    ['two possible binaries', 'binary_ambiguous', buildZip([BINARY, { ...BINARY, name: 'terraform-provider-foo_v2' }])],
    ['two entries of one name', 'duplicate_name', buildZip([BINARY, NOTES, NOTES])],
    ['names that differ in case only', 'duplicate_name', buildZip([BINARY, NOTES, { ...NOTES, name: 'NOTES.txt' }])],
    ['names that differ in composition only', 'duplicate_name', buildZip([BINARY, { name: 'é' }, { name: 'e\u0301' }])],
    ['a "." segment', 'unclear_name', buildZip([BINARY, { ...NOTES, name: './notes.txt' }])],
    ['an empty segment', 'unclear_name', buildZip([BINARY, { ...NOTES, name: 'docs//notes.txt' }])],
    ['a name of unmarked encoding', 'unclear_name', buildZip([BINARY, { ...NOTES, name: Buffer.from('é') }])],
    ['a comment', 'surplus_data', buildZip([BINARY], { comment: 'hello' })],
    ['bytes before the first entry', 'surplus_data', buildZip([BINARY], { prefix: Buffer.from('#!/bin/sh\n') })],
    ['bytes before the directory', 'surplus_data', buildZip([BINARY], { gap: Buffer.from('gap') })],
    ['an entry that the directory leaves out', 'surplus_data', buildZip([{ ...NOTES, raw: { hidden: true } }, BINARY])],
    ['several end records', 'several_end_records', buildZip([BINARY, { name: 'a.zip', content: nested }])],
    ['another local name', 'header_mismatch', withNotes({ localName: 'terraform.rc' })],
    ['another local CRC-32', 'header_mismatch', withNotes({ localCrc32: 1 })],
    ['another local size', 'header_mismatch', withNotes({ localUncompressedSize: 1 })],
    ['another local compressed size', 'header_mismatch', withNotes({ localCompressedSize: 1 })],
    ['a second name for Unicode readers', 'header_mismatch', withNotes({ centralExtra: extra(0x7075) })],
    ['Zip64 sizes beside plain ones', 'header_mismatch', withNotes({ centralExtra: extra(1) })],
    ['a missing data descriptor', 'header_mismatch', withNotes({ flags: 0x808 })],
  ]

  test.each(cases)('%s', async (_name, rule, zip) => {
    expect(await rulesBroken(zip, true)).toContain(rule)
    expect(await rulesBroken(zip, false)).toEqual([])
  })
})
