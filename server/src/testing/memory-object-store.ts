import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { systemClock } from '../base/clock.ts'
import { RegistryError } from '../base/errors.ts'
import { FILES_PATH } from '../base/storage/filesystem-store.ts'
import { assertObjectKey } from '../base/storage/key-syntax.ts'
import type { LinkSigner } from '../base/storage/link-signer.ts'
import type { GetRange, ObjectHead, PutOptions, PutOutcome, ServableStore } from '../base/storage/object-store.ts'

interface Held {
  readonly head: ObjectHead
  readonly bytes: Buffer
}

export interface MemoryObjectStore extends ServableStore {
  /** Replaces stored bytes behind the store's back, as a failing disk would; the fingerprint changes with them. */
  damage(key: string, bytes: Uint8Array): void
}

/** An object store for tests that are not about disks. Passes the contract of `ObjectStore`. */
export function createMemoryObjectStore(signer: LinkSigner): MemoryObjectStore {
  const objects = new Map<string, Held>()
  let changes = 0
  const hold = (key: string, bytes: Buffer) => {
    changes += 1
    const head = { key, size: bytes.byteLength, modifiedAtMs: systemClock.now(), fingerprint: `memory-${changes}` }
    objects.set(key, { head, bytes })
  }
  const find = (key: string): Held | undefined => {
    assertObjectKey(key)
    return objects.get(key)
  }
  const place = (key: string, bytes: Buffer): PutOutcome => {
    if (find(key) !== undefined) return { created: false }
    hold(key, bytes)
    return { created: true, object: { key, size: bytes.byteLength, sha256: sha256Of(bytes) } }
  }
  return {
    id: 'memory',
    put: async (key, body, options) => {
      assertObjectKey(key)
      return place(key, await collect(key, body, options))
    },
    async putFile(key, path, file) {
      const bytes = await readFile(path)
      if (bytes.byteLength !== file.size || sha256Of(bytes) !== file.sha256) throw mismatch(key)
      return place(key, bytes)
    },
    async open(key) {
      const held = find(key)
      return (
        held && { head: held.head, read: async (buffer, position) => held.bytes.copy(buffer, 0, position), close: async () => undefined }
      )
    },
    async get(key, range) {
      const held = find(key)
      return held && { head: held.head, body: Readable.from([sliceOf(held, range)], { objectMode: false }) }
    },
    head: async (key) => find(key)?.head,
    delete: async (key) => find(key) !== undefined && objects.delete(key),
    async *list(prefix) {
      for (const key of [...objects.keys()].filter((name) => name.startsWith(prefix)).sort()) {
        const held = objects.get(key)
        if (held !== undefined) yield held.head
      }
    },
    signUrl: async (key, lifeSeconds) => {
      assertObjectKey(key)
      return signer.sign(`${FILES_PATH}${key}`, lifeSeconds)
    },
    sweepTemporary: async () => 0,
    check: async () => undefined,
    damage: (key, bytes) => hold(key, Buffer.from(bytes)),
  }
}

async function collect(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > options.maxBytes) throw new RegistryError('PAYLOAD_TOO_LARGE', `Cannot store "${key}": it is too large`)
    chunks.push(Uint8Array.from(chunk))
  }
  const bytes = Buffer.concat(chunks)
  if (options.sha256 !== undefined && options.sha256 !== sha256Of(bytes)) throw mismatch(key)
  return bytes
}

function sliceOf({ head, bytes }: Held, range: GetRange | undefined): Buffer {
  if (range === undefined) return bytes
  if (range.start < 0 || range.start >= head.size || range.end < range.start) throw new RangeError(`Not a range of "${head.key}"`)
  return bytes.subarray(range.start, range.end + 1)
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function mismatch(key: string): RegistryError {
  return new RegistryError('CHECKSUM_MISMATCH', `Cannot store "${key}": its SHA-256 is not the expected one`)
}
