import { readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { freeChunk } from '../../base/archives/free-chunk.ts'
import { checkRatio, checkTotal, type ModuleArchiveLimits, refusal } from './module-archive-rules.ts'

export interface OpenArchive {
  readonly fd: number
  /** Bytes. */
  readonly size: number
}

const INPUT_BYTES = 64 * 1024
const OUTPUT_BYTES = 256 * 1024
const HEADER_BYTES = 10
const TRAILER_BYTES = 8
/** Flags of the header. */
const [HAS_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT, RESERVED] = [0x02, 0x04, 0x08, 0x10, 0xe0]
/** Headers, padding and the end of a tar, beyond its content. */
const TAR_OVERHEAD_BYTES = 64 * 1024 ** 2

/**
 * Unpacks a file that is one gzip member and nothing else; more of them are read by some programs and passed over by others. A piece
 * is valid until the next one is asked for.
 *
 * @throws {ArchiveRefused} damaged_gzip, several_members, trailing_data, compression_ratio, too_large
 */
export async function* gunzipFile(file: OpenArchive, limits: ModuleArchiveLimits): AsyncGenerator<Buffer, void> {
  const start = findDeflateStart(readAt(file.fd, 0, INPUT_BYTES))
  const inflater = createInflateRaw({ chunkSize: OUTPUT_BYTES })
  const source = Readable.from(readPieces(file, start), { objectMode: false, highWaterMark: INPUT_BYTES })
  source.on('error', (error) => inflater.destroy(error))
  source.pipe(inflater)
  const bounds = { ...limits, maxUncompressedBytes: limits.maxUncompressedBytes + TAR_OVERHEAD_BYTES }
  let crc = 0
  let bytes = 0
  try {
    for await (const chunk of chunksOf(inflater)) {
      crc = crc32(chunk, crc)
      bytes += chunk.length
      checkRatio({ from: inflater.bytesWritten, to: bytes }, bounds)
      checkTotal(bytes, bounds)
      yield chunk
      freeChunk(chunk)
    }
    checkTrailer(readAt(file.fd, start + inflater.bytesWritten, TRAILER_BYTES + 2), { crc, bytes })
  } finally {
    source.destroy()
    inflater.destroy()
  }
}

async function* chunksOf(inflater: InflateRaw): AsyncGenerator<Buffer, void> {
  try {
    yield* inflater
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    throw refusal('damaged_gzip', error.code === 'Z_BUF_ERROR' ? 'is cut off: its gzip stream ends early' : 'has a broken gzip stream')
  }
}

/** Plain reads: nothing is under way on the file when it is closed. */
function* readPieces({ fd, size }: OpenArchive, start: number): Generator<Buffer, void> {
  for (let position = start; position < size; position += INPUT_BYTES) yield readAt(fd, position, INPUT_BYTES)
}

/** Up to `length` bytes, fewer at the end of the file only. */
function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(length)
  let done = 0
  for (let count = -1; count !== 0 && done < length; done += count) count = readSync(fd, buffer, done, length - done, position + done)
  return buffer.subarray(0, done)
}

/** Offset of the first byte behind the gzip header. */
function findDeflateStart(head: Buffer): number {
  const flags = head[3] ?? RESERVED
  if (head.length < HEADER_BYTES || head[2] !== 8 || (flags & RESERVED) !== 0) throw brokenHeader()
  let position = HEADER_BYTES
  if ((flags & HAS_EXTRA) !== 0) position = skipExtra(head, position)
  if ((flags & HAS_NAME) !== 0) position = skipText(head, position)
  if ((flags & HAS_COMMENT) !== 0) position = skipText(head, position)
  if ((flags & HAS_CRC) !== 0) position += 2
  if (position >= head.length) throw brokenHeader()
  return position
}

function skipExtra(head: Buffer, position: number): number {
  if (position + 2 > head.length) throw brokenHeader()
  return position + 2 + head.readUInt16LE(position)
}

function skipText(head: Buffer, position: number): number {
  const end = head.indexOf(0, position)
  if (end < 0) throw brokenHeader()
  return end + 1
}

const brokenHeader = () => refusal('damaged_gzip', 'has a broken gzip header')

function checkTrailer(tail: Buffer, { crc, bytes }: { readonly crc: number; readonly bytes: number }): void {
  if (tail.length < TRAILER_BYTES) throw refusal('damaged_gzip', 'is cut off: its gzip stream ends early')
  if (tail.readUInt32LE(0) !== crc || tail.readUInt32LE(4) !== bytes % 2 ** 32) {
    throw refusal('damaged_gzip', 'has a gzip stream whose checksum does not fit')
  }
  if (tail.length === TRAILER_BYTES) return
  if (tail[8] === 0x1f && tail[9] === 0x8b) throw refusal('several_members', 'has several gzip members')
  throw refusal('trailing_data', 'has data behind the end of its gzip stream')
}
