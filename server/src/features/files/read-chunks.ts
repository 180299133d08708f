import type { GetRange, ObjectReader } from '../../base/storage/object-store.ts'
import type { BufferPool } from './buffer-pool.ts'

/** The object has fewer bytes than its head says. */
export class ObjectTruncatedError extends Error {}

/** A part of an object in a pooled buffer. Whoever receives it calls `release` when the bytes are no longer needed. */
export interface Chunk {
  readonly bytes: Buffer
  /** Whether the range ends with it. */
  readonly last: boolean
  release(): void
}

/**
 * The bytes of the range in order; nothing for an empty range.
 * @throws {ObjectTruncatedError} when the object ends before the range.
 */
export async function* readChunks(reader: ObjectReader, range: GetRange, pool: BufferPool): AsyncGenerator<Chunk, void, void> {
  let position = range.start
  while (position <= range.end) {
    const buffer = pool.acquire()
    const bytes = buffer.subarray(0, Math.min(buffer.byteLength, range.end + 1 - position))
    await fill(bytes, reader, position).catch((error) => {
      pool.release(buffer)
      throw error
    })
    position += bytes.byteLength
    yield { bytes, last: position > range.end, release: () => pool.release(buffer) }
  }
}

async function fill(bytes: Buffer, reader: ObjectReader, position: number): Promise<void> {
  const filled = await reader.read(bytes, position)
  if (filled < bytes.byteLength) throw new ObjectTruncatedError(`Object "${reader.head.key}" ends at byte ${position + filled}`)
}

/** All bytes of the object, for `readChunks`. */
export function wholeRange(reader: ObjectReader): GetRange {
  return { start: 0, end: reader.head.size - 1 }
}
