import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { ABSOLUTE_TARGET, MAIN, openArchiveFolder } from '../../testing/module-archive-fixture.ts'
import { buildZip, type ZipEntry, type ZipOptions } from '../../testing/zip-writer.ts'
import type { ModuleArchiveRule } from './module-archive-rules.ts'

const folder = openArchiveFolder()
afterAll(() => folder.remove())

const NOTES: ZipEntry = { name: 'notes.txt', content: 'harmless '.repeat(10), mode: 0o100644 }
const zip = (entries: readonly ZipEntry[], options?: ZipOptions): Buffer => buildZip([MAIN, ...entries], options)
const notes = (raw: ZipEntry['raw'], entry: Partial<ZipEntry> = {}): Buffer => zip([{ ...NOTES, ...entry, ...(raw && { raw }) }])
const extra = (id: number, content: Uint8Array = Buffer.from([1, 1])): Buffer =>
  Buffer.concat([Buffer.from([id & 0xff, id >> 8, content.length, 0]), content])

// reliability.md section 3, row 1.
describe('names', () => {
  test.each<[string | Uint8Array, ModuleArchiveRule]>([
    ['../evil.tf', 'path_escape'],
    ['x/../../etc/passwd', 'path_escape'],
    ['./..//evil.tf', 'path_escape'],
    ['/etc/passwd', 'path_escape'],
    [ABSOLUTE_TARGET, 'path_escape'],
    ['C:/evil.tf', 'path_escape'],
    ['..\\evil.tf', 'entry_name'],
    ['a\0b.tf', 'entry_name'],
    ['\u001b[31mred.tf', 'entry_name'],
    ['', 'entry_name'],
    ['a//b.tf', 'entry_name'],
    [Buffer.from([0x66, 0xff, 0x66]), 'entry_name'],
    ['x'.repeat(4096), 'path_too_long'],
    [`${'a/'.repeat(2000)}deep`, 'path_too_long'],
    [`${'a/'.repeat(40)}deep`, 'path_too_deep'],
    ['.git/config', 'git_folder'],
    ['.GIT/', 'git_folder'],
    ['main.tf', 'duplicate_name'],
    ['Main.TF', 'duplicate_name'],
    ['main.tf/x', 'path_conflict'],
    ['main.tf/', 'path_conflict'],
  ])('%j is refused', async (name, rule) => {
    expect(await folder.refuse(zip([{ name }]))).toMatchObject({ rule, index: 2 })
  })
})

// reliability.md section 3, rows 2 and 3.
describe('entries', () => {
  test.each<[string, ModuleArchiveRule, Buffer]>([
    ['a symbolic link', 'entry_type', notes(undefined, { mode: 0o120777 })],
    ['a symbolic link of a zip from elsewhere', 'entry_type', notes({ versionMadeBy: 20 }, { mode: 0o120777 })],
    ['a character device', 'entry_type', notes(undefined, { mode: 0o020644 })],
    ['a block device', 'entry_type', notes(undefined, { mode: 0o060644 })],
    ['a FIFO', 'entry_type', notes(undefined, { mode: 0o010644 })],
    ['a socket', 'entry_type', notes(undefined, { mode: 0o140755 })],
    ['a folder that is named like a file', 'entry_type', notes(undefined, { mode: 0o040755 })],
    ['a DOS folder that is named like a file', 'entry_type', notes({ versionMadeBy: 20, externalAttributes: 0x10 })],
    ['a file that is named like a folder', 'entry_type', zip([{ name: 'a/', mode: 0o100644 }])],
    ['a folder with content', 'entry_type', zip([{ name: 'a/', content: 'x' }])],
    ['an encrypted entry', 'encrypted', notes({ flags: 0x801 })],
    ['a masked entry', 'encrypted', notes({ flags: 0x2800 })],
    ['bzip2', 'compression_method', notes({ methodNumber: 12 })],
    ['a stored entry of two sizes', 'damaged_content', notes({ uncompressedSize: 5 })],
    ['a wrong CRC-32', 'damaged_content', notes({ crc32: 1 })],
    ['a longer content than declared', 'damaged_content', notes({ uncompressedSize: 5 }, { method: 'deflated' })],
    ['a shorter content than declared', 'damaged_content', notes({ uncompressedSize: 5000 }, { method: 'deflated' })],
    ['a broken deflate stream', 'damaged_content', notes({ data: Buffer.alloc(64, 0xff) }, { method: 'deflated' })],
    ['another local name', 'header_mismatch', notes({ localName: 'notes.tfx' })],
    ['another local size', 'header_mismatch', notes({ localUncompressedSize: 1 })],
    ['another local CRC-32', 'header_mismatch', notes({ localCrc32: 1 })],
    ['a missing data descriptor', 'header_mismatch', notes({ flags: 0x808 })],
    ['a second name for Unicode readers', 'header_mismatch', notes({ centralExtra: extra(0x7075, Buffer.from('\x01\0\0\0\0evil.tf')) })],
    ['Zip64 sizes beside plain ones', 'header_mismatch', notes({ centralExtra: extra(1) })],
    ['a link in an extra field', 'header_mismatch', notes({ centralExtra: extra(0x756e) })],
    ['a name of unknown encoding', 'entry_name', notes({ versionMadeBy: 20 }, { name: Buffer.from('é') })],
    ['shared bytes', 'overlapping_entries', notes({ localHeaderOffset: 0 })],
    ['bytes of the next entry', 'overlapping_entries', buildZip([{ ...NOTES, raw: { compressedSize: 200, uncompressedSize: 200 } }, MAIN])],
    ['Zip64 sizes', 'zip64', notes({ compressedSize: 0xffffffff })],
  ])('%s is refused', async (_name, rule, archive) => {
    expect(await folder.refuse(archive)).toMatchObject({ rule })
  })
})

describe('archives', () => {
  const sound = zip([NOTES])
  const nested = buildZip([{ name: 'inner' }])
  test.each<[string, ModuleArchiveRule, Buffer]>([
    ['bytes behind it', 'not_a_zip', zip([], { suffix: Buffer.from('tail') })],
    ['bytes before its list', 'surplus_data', zip([], { gap: Buffer.from('gap') })],
    ['a script before it', 'not_an_archive', zip([], { prefix: Buffer.from('#!/bin/sh\n') })],
    ['an entry that the list leaves out', 'surplus_data', zip([{ ...NOTES, raw: { hidden: true } }, { name: 'end' }])],
    ['several end records', 'several_end_records', zip([{ name: 'a.zip', content: nested }])],
    ['too many entries counted', 'not_a_zip', zip([], { entryCount: 2 })],
    ['too few entries counted', 'not_a_zip', zip([NOTES], { entryCount: 1 })],
    ['a list beyond the end', 'not_a_zip', zip([], { centralOffset: 1_000_000 })],
    ['a missing last byte', 'not_a_zip', sound.subarray(0, -1)],
    ['a missing half', 'not_a_zip', sound.subarray(0, sound.length / 2)],
    ['no entries', 'no_configuration', buildZip([])],
    ['no configuration', 'no_configuration', buildZip([NOTES])],
    ['a second zip behind it', 'surplus_data', Buffer.concat([sound, nested])],
  ])('%s: it is refused', async (name, rule, archive) => {
    const { rule: found } = await folder.refuse(archive)
    // Which of two zips counts is open: whichever it is, the bytes of the other one are too many.
    if (name === 'a second zip behind it')
      expect(['surplus_data', 'overlapping_entries', 'not_a_zip', 'several_end_records']).toContain(found)
    else expect(found).toBe(rule)
  })
})

// reliability.md section 3, row 4.
describe('bombs', () => {
  test('an entry that unpacks to more than 200 times its size is refused unread', async () => {
    const bomb = zip([{ name: 'bomb', content: Buffer.alloc(70 * 1024 ** 2), method: 'deflated' }])
    expect(bomb.length).toBeLessThan(100_000)
    expect(await folder.refuse(bomb)).toMatchObject({ rule: 'compression_ratio' })
  })

  test('many entries that are each small enough are refused for their sum', async () => {
    const content = Buffer.alloc(1024 ** 2)
    const raw = { data: deflateRawSync(content), uncompressedSize: content.length, crc32: crc32(content) }
    const entries = Array.from({ length: 70 }, (_, index) => ({ name: `part${index}`, method: 'deflated' as const, raw }))
    expect(await folder.refuse(zip(entries))).toMatchObject({ rule: 'compression_ratio' })
  })

  test('a declared total beyond the limit is refused', async () => {
    expect(await folder.refuse(zip([NOTES]), { maxUncompressedBytes: 50 })).toMatchObject({ rule: 'too_large' })
  })

  test('10 001 entries are refused', async () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => ({ name: `${index}` }))
    expect(await folder.refuse(zip(entries))).toMatchObject({ rule: 'too_many_entries' })
  })
})
