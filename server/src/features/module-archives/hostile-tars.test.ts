import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { ABSOLUTE_TARGET, MAIN, openArchiveFolder, tarGz } from '../../testing/module-archive-fixture.ts'
import { buildTar, longName, paxHeader, type TarEntry } from '../../testing/tar-writer.ts'
import type { ModuleArchiveRule } from './module-archive-rules.ts'

const folder = openArchiveFolder()
afterAll(() => folder.remove())

/** An entry with a name of any length, in the three ways there are. */
const named = (name: string | Uint8Array): [string, TarEntry[]][] => [
  ['a plain header', [{ name, type: '0', content: 'x' }]],
  ['a PAX header', [paxHeader([['path', name]]), { name: 'fallback.tf', content: 'x' }]],
  ['a GNU header', [longName(name), { name: 'fallback.tf', content: 'x' }]],
]

// reliability.md section 3, row 1.
const NAMES: readonly [name: string | Uint8Array, rule: ModuleArchiveRule][] = [
  ['../evil.tf', 'path_escape'],
  ['../../etc/passwd', 'path_escape'],
  ['x/../../etc/passwd', 'path_escape'],
  ['x/..', 'path_escape'],
  ['..', 'path_escape'],
  ['./../evil.tf', 'path_escape'],
  ['./..//evil.tf', 'path_escape'],
  ['a/../b.tf', 'path_escape'],
  ['/etc/passwd', 'path_escape'],
  ['//server/share', 'path_escape'],
  ['/', 'entry_type'],
  [ABSOLUTE_TARGET, 'path_escape'],
  ['C:/evil.tf', 'path_escape'],
  ['c:evil.tf', 'path_escape'],
  ['a/C:/evil.tf', 'path_escape'],
  ['..\\evil.tf', 'entry_name'],
  ['\\evil.tf', 'entry_name'],
  ['\\\\server\\share', 'entry_name'],
  ['C:\\evil.tf', 'entry_name'],
  ['evil\n.tf', 'entry_name'],
  ['\u001b[31mred.tf', 'entry_name'],
  ['delete\u007f.tf', 'entry_name'],
  ['next\u0085.tf', 'entry_name'],
  ['ft.\u202efig.tf', 'entry_name'],
  ['mark\ufeff.tf', 'entry_name'],
  ['a//b.tf', 'entry_name'],
  ['a/./b.tf', 'entry_name'],
  ['././b.tf', 'entry_name'],
  ['.', 'entry_name'],
  [Buffer.from([0x66, 0xff, 0x2e]), 'entry_name'],
  [Buffer.from([0x2e, 0x2e, 0xc0, 0xaf, 0x65]), 'entry_name'],
  ['.git', 'git_folder'],
  ['.git/config', 'git_folder'],
  ['a/.git/hooks/post-checkout', 'git_folder'],
  ['.GIT/config', 'git_folder'],
  ['.git /config', 'git_folder'],
  ['.git./config', 'git_folder'],
  ['git~1/config', 'git_folder'],
  ['.g\u200cit/config', 'git_folder'],
  ['.git::$INDEX_ALLOCATION/config', 'git_folder'],
  ['main.tf', 'duplicate_name'],
  ['./main.tf', 'duplicate_name'],
  ['MAIN.tf', 'duplicate_name'],
  ['main.tf.', 'duplicate_name'],
  ['main.tf/x', 'path_conflict'],
]

describe('names', () => {
  const cases = NAMES.flatMap(([name, rule]) => named(name).map(([how, entries]) => ({ name: String(name), how, rule, entries })))
  test.each(cases)('$name in $how is refused', async ({ rule, entries }) => {
    expect(await folder.refuse(tarGz(entries))).toMatchObject({ rule, index: 2 })
  })

  // ux.md section 2: the entry, its number and the rule.
  test('the refusal names entry and number', async () => {
    const entries = Array.from({ length: 10 }, (_, index) => ({ name: `f${index}` }))
    expect(await folder.refuse(tarGz([...entries, { name: 'x/../../etc/passwd' }]))).toEqual({
      rule: 'path_escape',
      index: 12,
      entry: 'x/../../etc/passwd',
      text: 'path leaves the module root',
    })
  })

  test.each<[string, ModuleArchiveRule, TarEntry[]]>([
    ['an empty name', 'entry_name', [{ name: '' }]],
    ['an empty PAX name', 'entry_name', [paxHeader([['path', '']]), { name: 'a' }]],
    ['an empty GNU name', 'entry_name', [longName(''), { name: 'a' }]],
    ['data behind the NUL of a name', 'entry_name', [{ name: 'a\0b.tf' }]],
    ['a NUL in a PAX name', 'entry_name', [paxHeader([['path', 'a\0b.tf']]), { name: 'a' }]],
    ['a NUL in a GNU name', 'entry_name', [longName('a\0b.tf'), { name: 'a' }]],
    ['a name of 4 KiB', 'path_too_long', [paxHeader([['path', 'x'.repeat(4096)]]), { name: 'a' }]],
    ['a name of 1 MiB', 'path_too_long', [paxHeader([['path', 'x'.repeat(1024 ** 2)]]), { name: 'a' }]],
    ['a GNU name of 1 MiB', 'path_too_long', [longName('x'.repeat(1024 ** 2)), { name: 'a' }]],
    ['a name of 256 bytes in a path', 'path_too_long', [paxHeader([['path', `a/${'x'.repeat(256)}`]]), { name: 'a' }]],
    ['a path of 100 000 levels', 'path_too_long', [paxHeader([['path', `${'a/'.repeat(30_000)}b`]]), { name: 'a' }]],
    ['a path of 33 levels', 'path_too_deep', [paxHeader([['path', `${'a/'.repeat(32)}b`]]), { name: 'a' }]],
    ['a prefix that leaves the root', 'path_escape', [{ name: 'evil.tf', patch: { 345: '../..' } }]],
    ['a folder outside', 'path_escape', [{ name: '../evil/' }]],
    ['a folder ".git"', 'git_folder', [{ name: '.git/' }]],
    ['a folder twice', 'duplicate_name', [{ name: 'a/' }, { name: 'a/' }]],
    ['folders that differ in case', 'duplicate_name', [{ name: 'a/x' }, { name: 'A/y' }]],
    ['names that differ in composition', 'duplicate_name', [{ name: 'é' }, { name: 'e\u0301' }]],
    ['a file, then a folder of its name', 'path_conflict', [{ name: 'a' }, { name: 'a/' }]],
    ['a folder, then a file of its name', 'path_conflict', [{ name: 'a/b' }, { name: 'a' }]],
  ])('%s is refused', async (_name, rule, entries) => {
    expect(await folder.refuse(tarGz(entries))).toMatchObject({ rule })
  })
})

// reliability.md section 3, row 2.
describe('types', () => {
  test.each(['1', '2', '3', '4', '6', '7', 'S', 'K', 'V', 'M', 'D', 'A', 'X', 'Z', '\u0001'])('type %j is refused', async (type) => {
    expect(await folder.refuse(tarGz([{ name: 'entry.tf', type, target: '12'.includes(type) ? '/etc/passwd' : '' }]))).toMatchObject({
      rule: 'entry_type',
      entry: 'entry.tf',
      index: 2,
    })
  })

  test.each<[string, ModuleArchiveRule, TarEntry[]]>([
    ['a folder with content', 'entry_type', [{ name: 'a/', content: 'x' }]],
    ['a file that is named like a folder', 'entry_type', [{ name: 'a/', type: '0' }]],
    ['a file that names a target', 'header_mismatch', [{ name: 'a', target: '/etc/passwd' }]],
    ['a target in a PAX header', 'entry_type', [paxHeader([['linkpath', '/etc/passwd']]), { name: 'a' }]],
    ['a sparse file in a PAX header', 'entry_type', [paxHeader([['GNU.sparse.realsize', '9']]), { name: 'a' }]],
    ['another character set', 'entry_type', [paxHeader([['hdrcharset', 'BINARY']]), { name: 'a' }]],
  ])('%s is refused', async (_name, rule, entries) => {
    expect(await folder.refuse(tarGz(entries))).toMatchObject({ rule })
  })
})

// reliability.md section 3, row 3: node-tar CVE-2026-53655, TARmageddon CVE-2025-62518.
describe('what two readers could understand in different ways', () => {
  const hidden = buildTar([{ name: 'hidden.tf', content: 'x' }])
  const sizes = (size: number): TarEntry => paxHeader([['size', String(size)]])
  test.each<[string, ModuleArchiveRule, TarEntry[]]>([
    ['a PAX size beside another one', 'header_mismatch', [sizes(0), { name: 'a', content: hidden }]],
    ['a larger PAX size', 'header_mismatch', [sizes(hidden.length), { name: 'a' }, { name: 'b', content: hidden }]],
    ['a PAX size for a GNU name', 'header_mismatch', [sizes(0), longName('b.tf'), { name: 'a' }]],
    ['a GNU name before a PAX header', 'header_mismatch', [longName('b.tf'), paxHeader([['path', 'c.tf']]), { name: 'a' }]],
    ['two PAX headers', 'header_mismatch', [paxHeader([['path', 'a.tf']]), paxHeader([['path', 'b.tf']]), { name: 'a' }]],
    ['two GNU names', 'header_mismatch', [longName('a.tf'), longName('b.tf'), { name: 'a' }]],
    ['two paths in one PAX header', 'header_mismatch', [paxHeader([['path', 'a.tf'], ['path', 'b.tf']]), { name: 'a' }]], // biome-ignore format: one case, one line
    ['a path for all entries', 'header_mismatch', [paxHeader([['path', 'a.tf']], 'g'), { name: 'a' }]],
    ['a size for all entries', 'header_mismatch', [paxHeader([['size', '0']], 'g'), { name: 'a' }]],
    [
      'a global header behind a PAX header',
      'header_mismatch',
      [paxHeader([['path', 'a.tf']]), paxHeader([['comment', 'x']], 'g'), { name: 'a' }],
    ],
    ['many global headers', 'header_mismatch', Array.from({ length: 9 }, () => paxHeader([['comment', 'x']], 'g'))],
    ['a PAX length that is too long', 'damaged_tar', [{ name: 'p', type: 'x', content: '99 path=a\n' }, { name: 'a' }]],
    ['a PAX length that is too short', 'damaged_tar', [{ name: 'p', type: 'x', content: '5 path=a\n' }, { name: 'a' }]],
    ['a negative PAX length', 'damaged_tar', [{ name: 'p', type: 'x', content: '-9 path=a\n' }, { name: 'a' }]],
    ['a PAX record without a value', 'damaged_tar', [{ name: 'p', type: 'x', content: '7 path\n' }, { name: 'a' }]],
    ['a PAX size that is no number', 'damaged_tar', [paxHeader([['size', '0x10']]), { name: 'a' }]],
    ['a PAX header without an entry', 'damaged_tar', [paxHeader([['path', 'a.tf']])]],
    ['a GNU name without an entry', 'damaged_tar', [longName('a.tf')]],
    ['a wrong checksum', 'damaged_tar', [{ name: 'a', checksum: 1 }]],
    ['another form of header', 'damaged_tar', [{ name: 'a', patch: { 257: 'uxtar\x0000' } }]],
    ['a header of the star program', 'header_mismatch', [{ name: 'a', patch: { 508: 'tar\0' } }]],
    ['a sparse map in a GNU header', 'header_mismatch', [{ name: 'a', patch: { 257: 'ustar  \0', 386: '00000000001' } }]],
    ['a binary size', 'damaged_tar', [{ name: 'a', patch: { 124: Buffer.from('800000000000000000000001', 'hex') } }]],
    ['a negative size', 'damaged_tar', [{ name: 'a', patch: { 124: '-0000000001' } }]],
    ['a size with letters', 'damaged_tar', [{ name: 'a', patch: { 124: '0000000x001' } }]],
    ['a size beyond the end', 'damaged_tar', [{ name: 'a', declaredSize: 5000 }]],
    ['a size beyond all limits', 'too_large', [{ name: 'a', declaredSize: 8 * 1024 ** 3 - 1 }]],
  ])('%s is refused', async (_name, rule, entries) => {
    expect(await folder.refuse(tarGz(entries))).toMatchObject({ rule })
  })
})

describe('ends', () => {
  const sound = tarGz([])
  const empty = Buffer.alloc(512)
  const second = gzipSync(buildTar([{ name: 'second.tf' }]))
  test.each<[string, ModuleArchiveRule, Buffer]>([
    ['no end mark', 'damaged_tar', tarGz([], { end: Buffer.alloc(0) })],
    ['half an end mark', 'damaged_tar', tarGz([], { end: empty })],
    ['an entry behind one empty block', 'trailing_data', tarGz([], { end: Buffer.concat([empty, buildTar([{ name: 'a' }])]) })],
    ['an entry behind the end', 'trailing_data', tarGz([], { end: Buffer.concat([empty, empty, buildTar([{ name: 'a' }])]) })],
    ['a byte behind the end', 'trailing_data', tarGz([], { end: Buffer.concat([empty, empty, Buffer.from('x')]) })],
    ['much filling behind the end', 'trailing_data', tarGz([], { end: Buffer.alloc(1024 ** 2) })],
    ['bytes behind the gzip stream', 'trailing_data', Buffer.concat([sound, Buffer.from('tail')])],
    ['zeroes behind the gzip stream', 'trailing_data', Buffer.concat([sound, Buffer.alloc(512)])],
    ['a second gzip member', 'several_members', Buffer.concat([sound, second])],
    ['an empty second gzip member', 'several_members', Buffer.concat([sound, gzipSync('')])],
    ['a zip behind it', 'trailing_data', Buffer.concat([sound, Buffer.from('PK\x03\x04')])],
  ])('%s is refused', async (_name, rule, archive) => {
    expect(await folder.refuse(archive)).toMatchObject({ rule })
  })

  test('an entry in the second gzip member is not read as part of the first', async () => {
    const tar = buildTar([MAIN, { name: 'more.tf' }])
    expect(await folder.refuse(Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))]))).toMatchObject({
      rule: 'several_members',
    })
  })
})

describe('damage', () => {
  const sound = tarGz([{ name: 'data', content: Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * index) % 251)) }])
  const changed = (position: number, value: number): Buffer => {
    const copy = Buffer.from(sound)
    copy[position < 0 ? copy.length + position : position] = value
    return copy
  }
  test.each<[string, ModuleArchiveRule, Buffer]>([
    ['an empty file', 'not_an_archive', Buffer.alloc(0)],
    ['text', 'not_an_archive', Buffer.from('<html>not found</html>')],
    ['a plain tar', 'not_an_archive', gunzipSync(sound)],
    ['only a gzip mark', 'damaged_gzip', Buffer.from('1f8b', 'hex')],
    ['a gzip header alone', 'damaged_gzip', sound.subarray(0, 10)],
    ['another compression method', 'damaged_gzip', changed(2, 7)],
    ['reserved gzip flags', 'damaged_gzip', changed(3, 0xe0)],
    ['a gzip name without an end', 'damaged_gzip', Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.alloc(200_000, 'x')])],
    ['a gzip extra field beyond the end', 'damaged_gzip', Buffer.from('1f8b0804000000000003ffff00', 'hex')],
    ['half an archive', 'damaged_gzip', sound.subarray(0, sound.length / 2)],
    ['an archive without its last byte', 'damaged_gzip', sound.subarray(0, -1)],
    ['an archive without its trailer', 'damaged_gzip', sound.subarray(0, -8)],
    ['a wrong checksum', 'damaged_gzip', changed(-8, (sound.at(-8) ?? 0) ^ 1)],
    ['a wrong length', 'damaged_gzip', changed(-1, 1)],
    ['a broken deflate stream', 'damaged_gzip', Buffer.concat([sound.subarray(0, 10), Buffer.alloc(100, 0xff)])],
    ['a compressed text', 'damaged_tar', gzipSync('hello '.repeat(200))],
    ['a compressed nothing', 'damaged_tar', gzipSync('')],
    ['a gzip in a gzip', 'damaged_tar', gzipSync(sound)],
    ['a tar without entries', 'no_configuration', gzipSync(buildTar([]))],
    ['a tar with folders only', 'no_configuration', gzipSync(buildTar([{ name: 'a/' }, { name: 'a/b.tf/' }]))],
    [
      'a tar without configuration',
      'no_configuration',
      gzipSync(buildTar([{ name: 'README.md' }, { name: '.tf' }, { name: '._main.tf' }])),
    ],
  ])('%s is refused', async (_name, rule, archive) => {
    expect(await folder.refuse(archive)).toMatchObject({ rule })
  })
})
