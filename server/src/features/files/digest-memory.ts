import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ObjectHead, ObjectReader } from '../../base/storage/object-store.ts'
import type { BufferPool } from './buffer-pool.ts'
import { readChunks, wholeRange } from './read-chunks.ts'

const MAX_REMEMBERED = 20_000

/** What objects were found to contain, by key and fingerprint, so a changed object is unknown again. */
export interface DigestMemory {
  /** SHA-256 in lower-case hex that was found when these bytes were last read; `undefined` when they were not. */
  find(head: ObjectHead): string | undefined
  remember(head: ObjectHead, sha256: string): void
  /** Reads and hashes the object unless that is remembered. Callers at the same time share one reading. */
  digestOf(reader: ObjectReader): Promise<string>
}

/** Lives as long as the process; the least recently used objects are forgotten first. */
export function createDigestMemory(pool: BufferPool): DigestMemory {
  const found = new LRUCache<string, string>({ max: MAX_REMEMBERED })
  const reading = new Map<string, Promise<string>>()
  const nameOf = (head: ObjectHead) => `${head.key} ${head.fingerprint}`
  const readOnce = (name: string, reader: ObjectReader): Promise<string> => {
    const work = hashObject(reader, pool).finally(() => reading.delete(name))
    reading.set(name, work)
    return work
  }
  return {
    find: (head) => found.get(nameOf(head)),
    remember: (head, sha256) => void found.set(nameOf(head), sha256),
    async digestOf(reader) {
      const name = nameOf(reader.head)
      const known = found.get(name)
      if (known !== undefined) return known
      const sha256 = await (reading.get(name) ?? readOnce(name, reader))
      found.set(name, sha256)
      return sha256
    },
  }
}

async function hashObject(reader: ObjectReader, pool: BufferPool): Promise<string> {
  const hash = createHash('sha256')
  for await (const { bytes, release } of readChunks(reader, wholeRange(reader), pool)) {
    hash.update(bytes)
    release()
  }
  return hash.digest('hex')
}
