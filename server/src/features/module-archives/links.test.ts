import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ArchiveFolder, listCanonical, openArchiveFolder, tarGz } from '../../testing/module-archive-fixture.ts'
import { buildTar, type TarEntry } from '../../testing/tar-writer.ts'

const link = (name: string, target: string): TarEntry => ({ name, type: '2', target })

let folder: ArchiveFolder
beforeAll(() => {
  folder = openArchiveFolder()
  return () => folder.remove()
})

const followed = async (entries: readonly TarEntry[]) => {
  const { bytes } = await folder.accept(tarGz(entries), {}, { followsLinks: true, keepsFolders: true })
  return Object.fromEntries(listCanonical(bytes).map(({ path, content }) => [path, content]))
}
const refused = (entries: readonly TarEntry[]) => folder.refuse(tarGz(entries), {}, { followsLinks: true, keepsFolders: true })

describe('links that are followed', () => {
  test('a copy of the file stands for a link, also over another link and before the file comes', async () => {
    const entries = [link('a/b.tf', '../c.tf'), link('first.tf', './a/b.tf'), { name: 'c.tf', content: '# c\n' }]
    expect(await followed(entries)).toEqual({ 'main.tf': 'terraform {}\n', 'a/b.tf': '# c\n', 'c.tf': '# c\n', 'first.tf': '# c\n' })
  })

  test('copies of its files stand for a link to a folder, and what is in a link to the root ends somewhere', async () => {
    const entries = [
      { name: 'modules/x/main.tf', content: '# x\n' },
      link('examples/all/x', '../../modules/x'),
      link('examples/root', '..'),
    ]
    expect(Object.keys(await followed(entries)).sort()).toEqual([
      'examples/all/x/main.tf',
      'examples/root/main.tf',
      'examples/root/modules/x/main.tf',
      'main.tf',
      'modules/x/main.tf',
    ])
  })

  test.each<[string, TarEntry[], { rule: string; text: RegExp }]>([
    ['an absolute target', [link('x.tf', '/etc/passwd')], { rule: 'path_escape', text: /leaves the module root/ }],
    ['a target outside', [link('a/x.tf', '../../etc/passwd')], { rule: 'path_escape', text: /leaves the module root/ }],
    ['a target that is not there', [link('x.tf', 'y.tf')], { rule: 'entry_type', text: /leads to nothing/ }],
    ['a circle', [link('x.tf', 'y.tf'), link('y.tf', 'x.tf')], { rule: 'entry_type', text: /too many others/ }],
    ['a link where a file is', [link('main.tf', 'c.tf'), { name: 'c.tf', content: '' }], { rule: 'duplicate_name', text: /same path/ }],
    [
      'a link that leads through another',
      [{ name: 'm/a.tf', content: '' }, link('l', 'm'), link('x.tf', 'l/a.tf')],
      { rule: 'entry_type', text: /leads to nothing/ },
    ],
  ])('%s refuses the archive', async (_what, entries, { rule, text }) => {
    expect(await refused(entries)).toMatchObject({ rule, text: expect.stringMatching(text) })
  })

  test('copies count as what they are', async () => {
    const content = 'x'.repeat(1000)
    const links = Array.from({ length: 20 }, (_unused, index) => link(`l${index}`, 'big.txt'))
    const archive = gzipSync(buildTar([{ name: 'main.tf', content: '' }, { name: 'big.txt', content }, ...links]))
    const follows = { followsLinks: true }
    expect(await folder.refuse(archive, { maxUncompressedBytes: 10_000 }, follows)).toMatchObject({ rule: 'too_large' })
    const files = Array.from({ length: 5 }, (_unused, index) => ({ name: `m/${index}.tf`, content: '' }))
    const multiplied = tarGz([...files, link('a', 'm'), link('b', 'm'), link('c', 'm')])
    expect(await folder.refuse(multiplied, { maxEntries: 15 }, follows)).toMatchObject({ rule: 'too_many_entries' })
  })
})
