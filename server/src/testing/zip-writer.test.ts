import { describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import { buildProviderZip, buildZip } from './zip-writer.ts'

interface ReadEntry {
  name: string
  mode: number
  content: string
}

async function readZip(zip: Buffer): Promise<ReadEntry[]> {
  const file = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.fromBuffer(zip, { lazyEntries: false }, (error, opened) => (error ? reject(error) : resolve(opened)))
  })
  const reads: Promise<ReadEntry>[] = []
  await new Promise<void>((resolve, reject) => {
    file.on('entry', (entry) => reads.push(readEntry(file, entry)))
    file.on('end', resolve).on('error', reject)
  })
  return Promise.all(reads)
}

const readEntry = (file: yauzl.ZipFile, entry: yauzl.Entry): Promise<ReadEntry> =>
  new Promise((resolve, reject) => {
    file.openReadStream(entry, (error, stream) => {
      if (error) return reject(error)
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      stream.on('end', () =>
        resolve({ name: entry.fileName, mode: entry.externalFileAttributes >>> 16, content: Buffer.concat(chunks).toString() }),
      )
    })
  })

describe('zip writer', () => {
  test('an independent reader finds the entries in order with their modes and contents', async () => {
    const zip = buildZip([
      { name: 'b.txt', content: 'B'.repeat(1000), method: 'deflated', mode: 0o100644 },
      { name: 'docs/' },
      { name: 'a.txt', content: 'a' },
    ])
    expect(await readZip(zip)).toEqual([
      { name: 'b.txt', mode: 0o100644, content: 'B'.repeat(1000) },
      { name: 'docs/', mode: 0o040755, content: '' },
      { name: 'a.txt', mode: 0o100755, content: 'a' },
    ])
    expect(zip.length).toBeLessThan(1000)
  })

  test('the same input gives the same bytes', () => {
    const input = { type: 'widget', version: '1.0.0', sizeBytes: 50_001 }
    expect(buildProviderZip(input).equals(buildProviderZip(input))).toBe(true)
  })

  test('a provider zip holds the binary at its root and reaches the wanted size', async () => {
    const zip = buildProviderZip({ type: 'widget', version: '1.0.0', sizeBytes: 50_000 })
    const entries = await readZip(zip)
    expect(entries.map((entry) => entry.name)).toEqual(['LICENSE', 'terraform-provider-widget_v1.0.0'])
    expect(zip.length).toBeGreaterThan(50_000)
  })

  test('a header field given by hand replaces the true one', async () => {
    const zip = buildZip([{ name: 'a', content: 'abc', raw: { uncompressedSize: 2 } }])
    await expect(readZip(zip)).rejects.toThrow()
  })

  test('a hidden entry has a local header but no place in the directory', async () => {
    const zip = buildZip([{ name: 'seen' }, { name: 'unseen', raw: { hidden: true } }])
    expect((await readZip(zip)).map((entry) => entry.name)).toEqual(['seen'])
    expect(zip.includes('unseen')).toBe(true)
  })
})
