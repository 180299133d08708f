import { pipeline, Writable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { ArchiveRefused, printableName } from './archive-refused.ts'
import type { FileCursor } from './file-cursor.ts'
import { freeChunk } from './free-chunk.ts'
import type { DirectoryEntry } from './zip-directory.ts'

const OUTPUT_BYTES = 512 * 1024
/** Below this a stream costs more than the inflating itself; packages of 10 000 small files would take seconds. */
const SMALL_BYTES = 64 * 1024

/** Takes the uncompressed content, piece by piece; a piece is valid during the call only. */
export type TakeContent = (chunk: Buffer) => void

/**
 * Hands over the entry's uncompressed content. The cursor stands at the compressed bytes and is behind them afterwards. Never more
 * than the declared size is handed over.
 *
 * @throws {ArchiveRefused} damaged_content when deflate stream, size or CRC-32 do not agree with the directory
 */
export async function inflateZipEntry(cursor: FileCursor, entry: DirectoryEntry, take: TakeContent): Promise<void> {
  const content = new CheckedContent(entry, take)
  if (entry.method === 0) {
    for (const chunk of cursor.chunks(entry.compressedSize)) content.update(chunk)
  } else if (entry.compressedSize <= SMALL_BYTES && entry.size <= OUTPUT_BYTES) {
    content.update(inflateSmall(cursor.take(entry.compressedSize), entry))
  } else {
    await inflate(cursor.chunks(entry.compressedSize), entry, content)
  }
  content.finish()
}

class CheckedContent {
  readonly #entry: DirectoryEntry
  readonly #take: TakeContent
  #crc32 = 0
  #size = 0

  constructor(entry: DirectoryEntry, take: TakeContent) {
    this.#entry = entry
    this.#take = take
  }

  update(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#entry.size) throw damaged(this.#entry, `unpacks to more than its declared ${this.#entry.size} bytes`)
    this.#crc32 = crc32(chunk, this.#crc32)
    this.#take(chunk)
  }

  finish(): void {
    if (this.#size !== this.#entry.size) throw damaged(this.#entry, `unpacks to ${this.#size} bytes instead of ${this.#entry.size}`)
    if (this.#crc32 !== this.#entry.crc32) throw damaged(this.#entry, 'does not have its declared CRC-32')
  }
}

function inflateSmall(bytes: Buffer, entry: DirectoryEntry): Buffer {
  // One byte of room more than declared is enough for the size check to fail.
  const options = { maxOutputLength: entry.size + 1, info: true } as const
  let result: { buffer: Buffer; engine: { bytesWritten: number } }
  try {
    result = inflateRawSync(bytes, options) as unknown as typeof result
  } catch (cause) {
    throw damaged(entry, isTooLong(cause) ? `unpacks to more than its declared ${entry.size} bytes` : 'has a broken deflate stream')
  }
  if (result.engine.bytesWritten !== bytes.length) throw surplus(entry)
  return result.buffer
}

/**
 * Inflates in zlib's own thread while this thread takes the chunk before: the sink takes each chunk one turn later, so that the
 * next piece is already being inflated.
 */
function inflate(chunks: Generator<Buffer, void>, entry: DirectoryEntry, content: CheckedContent): Promise<void> {
  return new Promise((resolve, reject) => {
    const inflater = createInflateRaw({ chunkSize: OUTPUT_BYTES })
    const sink = new Writable({
      highWaterMark: OUTPUT_BYTES,
      write: (chunk: Buffer, _encoding, done) => {
        setImmediate(() => done(attempt(() => consume(chunk, content))))
      },
      final: (done) => done(inflater.bytesWritten === entry.compressedSize ? null : surplus(entry)),
    })
    pipeline(inflater, sink, (error) => {
      if (!error) resolve()
      else reject(error instanceof ArchiveRefused || !isZlibError(error) ? error : damaged(entry, 'has a broken deflate stream'))
    })
    const feed = (): void => {
      const failure = attempt(() => {
        const next = chunks.next()
        if (next.done) inflater.end()
        else inflater.write(next.value, (error) => (error ? undefined : feed()))
      })
      if (failure) inflater.destroy(failure)
    }
    feed()
  })
}

function consume(chunk: Buffer, content: CheckedContent): void {
  content.update(chunk)
  freeChunk(chunk)
}

function attempt(action: () => void): Error | null {
  try {
    action()
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const isZlibError = (error: NodeJS.ErrnoException): boolean => error.code?.startsWith('Z_') ?? false

const isTooLong = (error: unknown): boolean => error instanceof RangeError

/** Bytes behind the end of the deflate stream, which only some readers see. */
const surplus = (entry: DirectoryEntry): ArchiveRefused => damaged(entry, 'has data behind its deflate stream')

const damaged = (entry: DirectoryEntry, text: string): ArchiveRefused =>
  new ArchiveRefused({ rule: 'damaged_content', entry: printableName(entry.name), index: entry.index, text })
