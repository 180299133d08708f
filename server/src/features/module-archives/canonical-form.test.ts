import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { listCanonical, MAIN, openArchiveFolder, tarGz } from '../../testing/module-archive-fixture.ts'
import { buildTar, longName, paxHeader, type TarEntry } from '../../testing/tar-writer.ts'
import { buildZip } from '../../testing/zip-writer.ts'

const folder = openArchiveFolder()
afterAll(() => folder.remove())

describe('canonical archives', () => {
  test('files are sorted by bytes and have nothing but path, content and executable bit', async () => {
    const entries: TarEntry[] = [
      { name: 'z.tf', content: 'z', mode: 0o600, patch: { 108: '0001750', 136: '14000000000', 265: 'user', 297: 'group' } },
      { name: 'a/', mode: 0o700 },
      { name: 'a/b.tf', content: 'b', mode: 0o664 },
      { name: 'a-b.tf', mode: 0o4777 },
      { name: 'Z.md', mode: 0o111 },
    ]
    const { bytes, entries: list, sha256, size, contentSha256 } = await folder.accept(gzipSync(buildTar(entries)))
    expect(listCanonical(bytes)).toEqual([
      { path: 'Z.md', mode: '0000755', content: '' },
      { path: 'a-b.tf', mode: '0000755', content: '' },
      { path: 'a/b.tf', mode: '0000644', content: 'b' },
      { path: 'z.tf', mode: '0000644', content: 'z' },
    ])
    expect(list.map(({ path, size: bytesOfFile, executable }) => [path, bytesOfFile, executable])).toEqual([
      ['Z.md', 0, true],
      ['a-b.tf', 0, true],
      ['a/b.tf', 1, false],
      ['z.tf', 1, false],
    ])
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(contentSha256).toBe(createHash('sha256').update(gunzipSync(bytes)).digest('hex'))
    expect(size).toBe(bytes.length)
    expect(gunzipSync(bytes).includes('user')).toBe(false)
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff')
  })

  // Stored digests depend on it: a change makes every module look changed that is published again.
  test('the tar of a known tree is what it always was', async () => {
    const long = `${'folder/'.repeat(20)}é.tf`
    const archive = gzipSync(
      buildTar([MAIN, paxHeader([['path', long]]), { name: 'x', content: 'x' }].map((entry) => ({ ...entry, mode: 0o644 }))),
    )
    const { contentSha256 } = await folder.accept(archive)
    expect(contentSha256).toBe('b163c2deb26675b9f81e3c1697ab225ddb5a5483074dcf26c5011ece94dd428b')
  })

  test.each([
    ['a name of 100 bytes', `${'n'.repeat(97)}.tf`],
    ['a name that needs the prefix', `${'p'.repeat(100)}/${'n'.repeat(90)}`],
    ['a prefix and a name of full length', `${'p'.repeat(155)}/${'n'.repeat(100)}`],
    ['a name that fits nowhere', `${'n'.repeat(200)}.tf`],
    ['a path of 1024 bytes', `${'p'.repeat(127)}/`.repeat(8).slice(0, -1)],
    ['a path of 32 levels', `${'p/'.repeat(31)}n`],
    ['a name beyond ASCII', 'ünïcödé/模块.tf'],
    ['blanks', ' a / b '],
  ])('%s is kept', async (_name, path) => {
    const archive = tarGz([paxHeader([['path', path]]), { name: 'x', content: 'content' }])
    const { bytes, entries } = await folder.accept(archive)
    expect(entries.map((entry) => entry.path)).toContain(path)
    expect((await folder.accept(bytes)).entries).toEqual(entries)
    expect((await folder.accept(tarGz([longName(path), { name: 'x', content: 'content' }]))).bytes).toEqual(bytes)
  })
})

describe('top folders', () => {
  const paths = async (...names: string[]) => {
    const { entries, unwrapped } = await folder.accept(gzipSync(buildTar(names.map((name) => ({ name })))))
    return { paths: entries.map(({ path }) => path), unwrapped }
  }

  test('one that holds everything is taken off', async () => {
    expect(await paths('repo-1.0/', 'repo-1.0/main.tf', 'repo-1.0/modules/a/main.tf')).toEqual({
      paths: ['main.tf', 'modules/a/main.tf'],
      unwrapped: 'repo-1.0',
    })
  })

  test('several that hold everything are taken off', async () => {
    expect(await paths('a/b/main.tf', 'a/b/c.tf')).toEqual({ paths: ['c.tf', 'main.tf'], unwrapped: 'a/b' })
  })

  test('an empty folder beside it does not matter', async () => {
    expect(await paths('a/main.tf', 'empty/')).toEqual({ paths: ['main.tf'], unwrapped: 'a' })
  })

  test('one with a file beside it stays', async () => {
    expect(await paths('a/main.tf', 'README.md')).toEqual({ paths: ['README.md', 'a/main.tf'], unwrapped: undefined })
  })

  test.each(['modules', 'examples'])('%s stays: what is in it belongs there', async (name) => {
    expect(await paths(`repo/${name}/a/main.tf`)).toEqual({ paths: [`${name}/a/main.tf`], unwrapped: 'repo' })
  })
})

describe('what git writes', () => {
  const commit = '7c4d70d7d2f9b8067393fb0d665d509fab8fa55b'
  test('the commit of a tar is told', async () => {
    expect(
      (await folder.accept(gzipSync(buildTar([paxHeader([['comment', commit]], 'g'), MAIN].map((e) => ({ ...e, mode: 0o644 })))))).commit,
    ).toBe(commit)
  })

  test('the commit of a zip is told', async () => {
    expect((await folder.accept(buildZip([MAIN], { comment: commit }))).commit).toBe(commit)
  })

  test('another comment is none', async () => {
    expect((await folder.accept(buildZip([MAIN], { comment: `${commit} and more` }))).commit).toBeUndefined()
  })
})

const segment = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}[a-z0-9]$/), fc.constantFrom('modules', 'ünï', 'x'.repeat(90)))
const tree = fc
  .uniqueArray(
    fc.record({
      path: fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => `${segments.join('/')}.tf`),
      content: fc.uint8Array({ maxLength: 2000 }),
      executable: fc.boolean(),
    }),
    { selector: ({ path }) => path.toLowerCase(), minLength: 1, maxLength: 12 },
  )
  .filter((files) => files.every(({ path }) => files.every((other) => !other.path.toLowerCase().startsWith(`${path.toLowerCase()}/`))))

describe('any tree', () => {
  const packTar = (files: readonly { path: string; content: Uint8Array; executable: boolean }[], prefix: string): Buffer =>
    gzipSync(
      buildTar(
        files.flatMap(({ path, content, executable }) => [
          paxHeader([['path', prefix + path]]),
          { name: 'x', content, mode: executable ? 0o775 : 0o600 },
        ]),
      ),
    )

  test('becomes the same bytes as tar, as zip, in another order and in a top folder', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.constantFrom('', './', 'top/', 'top/er/'), async (files, prefix) => {
        const { bytes, sha256 } = await folder.accept(packTar(files, ''))
        expect((await folder.accept(packTar([...files].reverse(), prefix))).sha256).toBe(sha256)
        const zipped = files.map(({ path, content, executable }) => ({
          name: prefix + path,
          content,
          mode: executable ? 0o100700 : 0o100644,
          method: 'deflated' as const,
        }))
        expect((await folder.accept(buildZip(zipped))).sha256).toBe(sha256)
        expect((await folder.accept(bytes)).bytes).toEqual(bytes)
      }),
      { numRuns: 60 },
    )
  })
})
