import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { tarGz } from '../../testing/module-archive-fixture.ts'
import { buildTar, longName, paxHeader, type TarEntry } from '../../testing/tar-writer.ts'
import { buildZip } from '../../testing/zip-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'hostile-costs-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MEBIBYTE = 1024 ** 2
const MAX_GROWTH_BYTES = 256 * MEBIBYTE
/** Of the processor: the clock on the wall tells what else the machine does. */
const MAX_CPU_MS = 5000

interface Cost {
  readonly outcome: string
  readonly cpuMs: number
  readonly growthBytes: number
}

/** Measured in a process of its own, away from what tests leave behind. */
async function costOf(archive: Uint8Array): Promise<Cost> {
  const path = join(folder, 'archive')
  writeFileSync(path, archive)
  const script = `
    const { createModuleArchiver } = await import(process.argv[1])
    const [path, sound] = process.argv.slice(2)
    const archiver = createModuleArchiver({ workers: 1 })
    await archiver.canonicalise(sound, path + '.first')
    const before = process.memoryUsage.rss()
    let peak = before
    setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5).unref()
    const started = process.cpuUsage()
    const outcome = await archiver.canonicalise(path, path + '.out').then(() => 'accepted', (error) => error.detail?.rule ?? String(error))
    const { user, system } = process.cpuUsage(started)
    console.log(JSON.stringify({ outcome, cpuMs: (user + system) / 1000, growthBytes: Math.max(peak, process.memoryUsage.rss()) - before }))
    await archiver.close()`
  const module = new URL('./module-archiver.ts', import.meta.url).href
  const args = ['--input-type=module', '-e', script, module, path, soundPath]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  rmSync(`${path}.out`, { force: true })
  rmSync(`${path}.first`, { force: true })
  return JSON.parse(stdout) as Cost
}

const soundPath = join(folder, 'sound')
writeFileSync(soundPath, tarGz([]))

/** One gzip member that repeats a piece; made by hand, as the content would not fit into memory. */
function gzipOf(piece: Buffer, times: number): Buffer {
  const [first, next] = [
    buildTar([{ name: 'main.tf' }, { name: 'big', declaredSize: piece.length * times }], { end: Buffer.alloc(0) }),
    piece,
  ]
  const start = deflateRawSync(first, { finishFlush: 2 })
  const middle = deflateRawSync(next, { level: 9, finishFlush: 3 })
  return Buffer.concat([
    Buffer.from('1f8b0800000000000003', 'hex'),
    start,
    ...Array(times).fill(middle),
    Buffer.from('030000000000000000', 'hex'),
  ])
}

const zeroes = Buffer.alloc(MEBIBYTE)
const many = (count: number, entry: (index: number) => TarEntry): Buffer => tarGz(Array.from({ length: count }, (_, index) => entry(index)))
const zipPart = { data: deflateRawSync(zeroes), uncompressedSize: zeroes.length, crc32: crc32(zeroes) }

// reliability.md section 3, row 4; the issue's bounds.
describe('what the worst archives cost', () => {
  test.each<[string, string, () => Buffer]>([
    ['10 GB declared and packed into 10 MB', 'too_large', () => gzipOf(zeroes, 10_000)],
    ['500 MB of zeroes', 'compression_ratio', () => gzipOf(zeroes, 500)],
    [
      'a gzip that goes on behind its tar',
      'trailing_data',
      () => gzipSync(Buffer.concat([buildTar([{ name: 'main.tf' }]), Buffer.alloc(200 * MEBIBYTE)])),
    ],
    ['30 000 empty entries', 'too_many_entries', () => many(30_000, (index) => ({ name: `f${index}` }))],
    ['30 000 global headers', 'header_mismatch', () => many(30_000, () => paxHeader([['comment', 'x']], 'g'))],
    [
      'names of 60 KB',
      'path_too_long',
      () => many(5000, (index) => (index % 2 === 0 ? paxHeader([['path', `${index}${'x'.repeat(60_000)}`]]) : { name: 'a' })),
    ],
    ['a GNU name of 100 MB', 'path_too_long', () => tarGz([longName(Buffer.alloc(100 * MEBIBYTE, 'x')), { name: 'a' }])],
    ['a path of 30 001 levels', 'path_too_long', () => tarGz([paxHeader([['path', `${'a/'.repeat(30_000)}b`]]), { name: 'a' }])],
    ['9 000 files below 30 folders of their own', 'too_many_entries', () => many(18_000, (index) => deepEntry(index))],
    ['9 000 files below 30 folders', 'accepted', () => many(9_000, (index) => ({ name: `${'a/'.repeat(30)}${index}`, content: 'x' }))],
    [
      'a zip of 500 MB of zeroes',
      'compression_ratio',
      () => buildZip(Array.from({ length: 500 }, (_, index) => ({ name: `${index}.tf`, method: 'deflated', raw: zipPart }))),
    ],
    [
      'a zip of 10 001 entries',
      'too_many_entries',
      () => buildZip(Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}.tf` }))),
    ],
    ['500 MB that keep just within the ratio', 'accepted', () => tarGz([{ name: 'big', content: nearlyBomb(500 * MEBIBYTE) }])],
  ])('%s: %s', async (_name, outcome, make) => {
    const cost = await costOf(make())
    expect(cost.outcome).toBe(outcome)
    expect(cost.growthBytes).toBeLessThan(MAX_GROWTH_BYTES)
    expect(cost.cpuMs).toBeLessThan(MAX_CPU_MS)
  })
})

/** Every second one is a file whose folders are all new, with a path nearly as long as can be. */
function deepEntry(index: number): TarEntry {
  const path = `${index}/${`${'n'.repeat(30)}/`.repeat(30)}file`
  return index % 2 === 0 ? paxHeader([['path', path]]) : { name: 'file' }
}

/** One byte in 150 does not compress. */
function nearlyBomb(bytes: number): Buffer {
  const content = Buffer.alloc(bytes)
  for (let position = 0, state = 1; position < bytes; position += 150) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    content[position] = state
  }
  return content
}
