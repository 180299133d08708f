import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ABSOLUTE_TARGET, MAIN, tarGz } from '../../../testing/module-archive-fixture.ts'
import { publishModule } from '../../../testing/publish-modules.ts'
import { buildTar, longName, paxHeader, type TarEntry } from '../../../testing/tar-writer.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { buildZip, type ZipEntry, type ZipOptions } from '../../../testing/zip-writer.ts'

const zip = (entries: readonly ZipEntry[], options?: ZipOptions): Buffer => buildZip([MAIN, ...entries], options)
const tar = (...entries: readonly TarEntry[]): Buffer => tarGz(entries)
const sound = tar()
const second = gzipSync(buildTar([{ name: 'second.tf' }]))

/** One archive or more for each rule; the whole corpus is in the tests of module-archives. `entry` is absent where all of it is at fault. */
const CORPUS: readonly [what: string, archive: Buffer, rule: string, entry?: string][] = [
  ['a path above the module', tar({ name: 'x/../../etc/passwd' }), 'path_escape', 'x/../../etc/passwd'],
  ['an absolute path', tar({ name: '/etc/passwd' }), 'path_escape', '/etc/passwd'],
  ['the path of a file here', tar({ name: ABSOLUTE_TARGET }), 'path_escape', ABSOLUTE_TARGET],
  ['the same in a zip', zip([{ name: ABSOLUTE_TARGET }]), 'path_escape', ABSOLUTE_TARGET],
  ['a drive letter', tar({ name: 'C:/evil.tf' }), 'path_escape', 'C:/evil.tf'],
  ['a path above it in a PAX header', tar(paxHeader([['path', '../evil.tf']]), { name: 'a' }), 'path_escape', '../evil.tf'],
  ['a path above it in a GNU header', tar(longName('../evil.tf'), { name: 'a' }), 'path_escape', '../evil.tf'],
  ['a backslash', zip([{ name: '..\\evil.tf' }]), 'entry_name', '..\\\\evil.tf'],
  ['a NUL', zip([{ name: 'a\0b.tf' }]), 'entry_name', 'a\\u0000b.tf'],
  ['a path of 1 MiB', tar(longName('x'.repeat(1024 ** 2)), { name: 'a' }), 'path_too_long'],
  ['a path of 40 levels', zip([{ name: `${'a/'.repeat(40)}deep` }]), 'path_too_deep', `${'a/'.repeat(40)}deep`],
  ['a git folder', tar({ name: '.git/config' }), 'git_folder', '.git/config'],
  ['a name twice', tar({ name: 'Main.TF' }), 'duplicate_name', 'Main.TF'],
  ['a file that is a folder too', zip([{ name: 'main.tf/x' }]), 'path_conflict', 'main.tf/x'],
  ['a symbolic link', tar({ name: 'link', type: '2', target: '/etc/passwd' }), 'entry_type', 'link'],
  ['a hard link', tar({ name: 'link', type: '1', target: 'main.tf' }), 'entry_type', 'link'],
  ['a device', tar({ name: 'null', type: '3' }), 'entry_type', 'null'],
  ['a link in a zip', zip([{ name: 'link', content: '/etc/passwd', mode: 0o120777 }]), 'entry_type', 'link'],
  ['a size that two readers read differently', tar(paxHeader([['size', '0']]), { name: 'a', content: second }), 'header_mismatch', 'a'],
  ['a wrong CRC-32', zip([{ name: 'a', content: 'x', raw: { crc32: 1 } }]), 'damaged_content', 'a'],
  ['an encrypted entry', zip([{ name: 'a', content: 'x', raw: { flags: 0x801 } }]), 'encrypted', 'a'],
  ['bzip2', zip([{ name: 'a', content: 'x', raw: { methodNumber: 12 } }]), 'compression_method', 'a'],
  ['shared bytes', zip([{ name: 'a', content: 'x'.repeat(99), raw: { localHeaderOffset: 0 } }]), 'overlapping_entries'],
  ['Zip64', zip([{ name: 'a', content: 'x', raw: { compressedSize: 0xffffffff } }]), 'zip64'],
  ['bytes in front of the list', zip([], { gap: Buffer.from('gap') }), 'surplus_data'],
  ['a nested end record', zip([{ name: 'a.zip', content: buildZip([{ name: 'inner' }]) }]), 'several_end_records'],
  ['half a zip', zip([]).subarray(0, -1), 'not_a_zip'],
  ['a text', Buffer.from('<html>not found</html>'), 'not_an_archive'],
  ['half a gzip', sound.subarray(0, sound.length / 2), 'damaged_gzip'],
  ['a gzip of a text', gzipSync('hello '.repeat(200)), 'damaged_tar'],
  ['two gzip members', Buffer.concat([sound, second]), 'several_members'],
  ['bytes behind the end', Buffer.concat([sound, Buffer.from('tail')]), 'trailing_data'],
  ['10 001 entries', zip(Array.from({ length: 10_000 }, (_unused, index) => ({ name: `${index}` }))), 'too_many_entries'],
  ['a bomb', gzipSync(buildTar([MAIN, { name: 'bomb', content: Buffer.alloc(70 * 1024 ** 2) }])), 'compression_ratio'],
  ['a size beyond all limits', tar({ name: 'a', declaredSize: 8 * 1024 ** 3 - 1 }), 'too_large'],
  ['no configuration', gzipSync(buildTar([{ name: 'README.md' }])), 'no_configuration'],
]

// reliability.md rows 1 to 4, through the route. Nothing here depends on the database.
describe('hostile uploads', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite')
  })
  afterAll(() => app.close())

  /** Every file below the server's folder but its database. */
  const files = () =>
    readdirSync(app.place.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.db|sqlite/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()

  test.each(CORPUS)('%s: 422 with entry and rule, and nothing is left', async (...[, archive, rule, entry]) => {
    // Signing in makes files of its own the first time.
    await app.asAdmin({ url: '/api/v1/auth/me' })
    const before = files()
    const response = await publishModule(app, { address: 'acme/hostile/aws', archive })
    const problem = response.json<{ code: string; detail: string; context: { rule: string; path?: string } }>()
    expect([response.statusCode, problem.code, problem.context.rule]).toEqual([422, 'INVALID_MODULE_ARCHIVE', rule])
    if (entry !== undefined) expect(problem.detail).toContain(`"${entry}"`)
    expect(files()).toEqual(before)
    expect(existsSync(ABSOLUTE_TARGET)).toBe(false)
    expect((await app.request('/v1/modules/acme/hostile/aws/versions')).statusCode).toBe(404)
  })

  test('the next publisher is served as ever', async () => {
    expect((await publishModule(app, { address: 'acme/hostile/aws' })).statusCode).toBe(201)
  })
})
