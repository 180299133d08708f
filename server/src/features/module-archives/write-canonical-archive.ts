import { createHash } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import { paddingAfter, TAR_END, type TarFile, tarHeaders } from '@terrace/protocol/tar-headers.ts'
import { freeChunk } from '../../base/archives/free-chunk.ts'

/** What was written. */
export interface WrittenArchive {
  /** Of the `.tar.gz`, lower-case hex. */
  readonly sha256: string
  /** Bytes of the `.tar.gz`. */
  readonly size: number
  /** Of the tar in it, lower-case hex: the same whatever version of zlib has compressed it. */
  readonly contentSha256: string
  /** Bytes of the tar in it. */
  readonly contentSize: number
}

export interface ArchiveContent<File extends TarFile> {
  /** In the order of the archive. */
  readonly files: readonly File[]
  readonly read: (file: File) => Iterable<Uint8Array>
  /** Throws when the result may not be kept. */
  readonly verify: (written: WrittenArchive) => void
}

/** No time, no name, no system. */
const GZIP_HEADER = Buffer.from('1f8b08000000000000ff', 'hex')
/** How zlib is fed must not depend on the sizes of the files. */
const INPUT_BYTES = 256 * 1024
const OUTPUT_BYTES = 256 * 1024
/** Above this many bytes speed counts for more than the last tenth of the size. */
const LARGE_BYTES = 32 * 1024 ** 2

/** Writes a `.tar.gz` whose bytes follow from the files alone. Nothing may be at `path`; nothing is there after a failure. */
export async function writeCanonicalArchive<File extends TarFile>(path: string, content: ArchiveContent<File>): Promise<WrittenArchive> {
  const fd = openSync(path, 'wx', 0o640)
  try {
    const written = await writeArchive(fd, content)
    content.verify(written)
    return written
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

async function writeArchive<File extends TarFile>(fd: number, content: ArchiveContent<File>): Promise<WrittenArchive> {
  const [archiveHash, contentHash] = [createHash('sha256'), createHash('sha256')]
  let [size, crc, contentBytes] = [0, 0, 0]
  const write = (bytes: Buffer): void => {
    archiveHash.update(bytes)
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    size += bytes.length
  }
  const observe = function* (): Generator<Uint8Array, void> {
    for (const block of inEqualPieces(tarOf(content))) {
      contentHash.update(block)
      crc = crc32(block, crc)
      contentBytes += block.length
      yield block
    }
  }
  write(GZIP_HEADER)
  const total = content.files.reduce((sum, file) => sum + file.size, 0)
  for await (const chunk of deflate(observe(), total > LARGE_BYTES ? 1 : 6)) {
    write(chunk)
    freeChunk(chunk)
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(contentBytes % 2 ** 32, 4)
  write(trailer)
  return { sha256: archiveHash.digest('hex'), size, contentSha256: contentHash.digest('hex'), contentSize: contentBytes }
}

function* tarOf<File extends TarFile>({ files, read }: ArchiveContent<File>): Generator<Uint8Array, void> {
  for (const file of files) {
    yield tarHeaders(file)
    yield* read(file)
    yield paddingAfter(file.size)
  }
  yield TAR_END
}

function* inEqualPieces(source: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let piece = Buffer.allocUnsafeSlow(INPUT_BYTES)
  let filled = 0
  for (const bytes of source) {
    for (let done = 0; done < bytes.length; ) {
      const count = Math.min(bytes.length - done, INPUT_BYTES - filled)
      piece.set(bytes.subarray(done, done + count), filled)
      done += count
      filled += count
      if (filled < INPUT_BYTES) continue
      yield piece
      piece = Buffer.allocUnsafeSlow(INPUT_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}

function deflate(source: Iterable<Uint8Array>, level: number): AsyncIterable<Buffer> {
  const deflater = createDeflateRaw({ level, memLevel: 8, windowBits: 15, chunkSize: OUTPUT_BYTES })
  const input = Readable.from(source, { objectMode: false, highWaterMark: INPUT_BYTES })
  input.on('error', (error) => deflater.destroy(error))
  return input.pipe(deflater)
}
