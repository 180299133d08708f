import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openArchiveFolder, tarGz } from '../../testing/module-archive-fixture.ts'
import { paxHeader } from '../../testing/tar-writer.ts'
import { readArchiveFiles } from './read-archive-files.ts'

const folder = openArchiveFolder()
const work = mkdtempSync(join(tmpdir(), 'read-archive-files-'))
afterAll(() => {
  folder.remove()
  rmSync(work, { recursive: true })
})

const path = join(work, 'a.tar.gz')
const LARGE = Buffer.from(Array.from({ length: 700_000 }, (_, index) => (index * 31) % 256))

async function read(select: (path: string) => number): Promise<[path: string, size: number, content: Buffer][]> {
  const files: [string, number, Buffer][] = []
  for await (const file of readArchiveFiles(path, { select })) files.push([file.path, file.size, file.content])
  return files
}

describe('files of a canonical archive', () => {
  test('the selected ones come in order, each up to its limit', async () => {
    const { bytes } = await folder.accept(
      tarGz([
        { name: 'z.md', content: 'readme' },
        { name: 'large', content: LARGE },
        paxHeader([['path', 'é.tf']]),
        { name: 'x', content: 'é' },
        { name: 'empty' },
      ]),
    )
    writeFileSync(path, bytes)
    expect(await read((name) => (name === 'main.tf' ? 0 : 300_000))).toEqual([
      ['empty', 0, Buffer.alloc(0)],
      ['large', 700_000, LARGE.subarray(0, 300_000)],
      ['z.md', 6, Buffer.from('readme')],
      ['é.tf', 2, Buffer.from('é')],
    ])
  })

  test('a reader may stop early', async () => {
    writeFileSync(path, (await folder.accept(tarGz([{ name: 'z', content: LARGE }]))).bytes)
    for await (const file of readArchiveFiles(path, { select: () => 1 })) {
      expect(file.path).toBe('main.tf')
      break
    }
  })

  test('a damaged archive is an error', async () => {
    const { bytes } = await folder.accept(tarGz([{ name: 'z', content: LARGE }]))
    writeFileSync(path, bytes.subarray(0, -100))
    await expect(read(() => 10)).rejects.toThrow('The stored module archive is cut off')
  })

  test('a missing archive is an error', async () => {
    rmSync(path)
    await expect(read(() => 1)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
