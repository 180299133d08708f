import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { BundleObject } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import { paddingAfter, TAR_END } from '@terrace/protocol/tar-headers.ts'
import { CliError } from '../cli-error.ts'

const READ_BYTES = 1024 * 1024

/** What a part is made of, and who is told. */
export interface PartWork {
  readonly path: string
  /** In the order of the part. */
  readonly objects: readonly BundleObject[]
  /** Fetches the bytes of an object from a byte on. */
  readonly fetch: (object: BundleObject, from: number, write: (piece: Uint8Array) => Promise<void>) => Promise<void>
  /** Told how many bytes of objects were kept (fewer again, when they were found to be wrong), or have come. */
  readonly onBytes: (count: number, isKept: boolean) => void
}

/**
 * Writes a part, or goes on with one that was begun or damaged: what is there and right is kept, byte by byte, the rest is fetched.
 * @throws {CliError} when an object comes with another digest than the manifest says.
 */
export async function writePart(work: PartWork): Promise<void> {
  const handle = await openForBoth(work.path)
  try {
    const { size } = await handle.stat()
    let offset = 0
    for (const object of work.objects) offset = await completeObject(handle, work, { object, offset, size })
    await writeAt(handle, TAR_END, offset)
    await handle.truncate(offset + TAR_END.length)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** No flag alone makes a file that is not there and leaves one that is. */
async function openForBoth(path: string): Promise<FileHandle> {
  const touched = await open(path, 'a')
  await touched.close()
  return open(path, 'r+')
}

interface Place {
  readonly object: BundleObject
  /** Where its entry begins. */
  readonly offset: number
  /** Bytes that the file had at first. */
  readonly size: number
}

/** Answers where the next entry begins. */
async function completeObject(handle: FileHandle, work: PartWork, place: Place): Promise<number> {
  const { object, offset } = place
  const headers = objectHeaders(object)
  const start = offset + headers.length
  const found = await examine(handle, headers, place)
  work.onBytes(found.bytes, true)
  if (found.state !== 'whole') {
    await writeAt(handle, headers, offset)
    await fetchRest(handle, work, { object, start, found })
  }
  const padding = paddingAfter(object.size)
  await writeAt(handle, padding, start + object.size)
  return start + object.size + padding.length
}

interface Examined {
  /** `begun`: the file ends in the middle of it. */
  readonly state: 'whole' | 'begun' | 'wrong'
  /** Bytes of the content that may be kept; the hash has taken them. */
  readonly bytes: number
  readonly hash: Hash
}

async function examine(handle: FileHandle, headers: Uint8Array, { object, offset, size }: Place): Promise<Examined> {
  const wrong: Examined = { state: 'wrong', bytes: 0, hash: createHash('sha256') }
  const start = offset + headers.length
  if (size < start || Buffer.compare(await readAt(handle, offset, headers.length), headers) !== 0) return wrong
  const hash = createHash('sha256')
  const bytes = Math.min(object.size, size - start)
  for (let position = start; position < start + bytes; position += READ_BYTES) {
    hash.update(await readAt(handle, position, Math.min(READ_BYTES, start + bytes - position)))
  }
  if (bytes < object.size) return { state: 'begun', bytes, hash }
  return hash.digest('hex') === object.sha256 ? { state: 'whole', bytes, hash } : wrong
}

interface Rest {
  readonly object: BundleObject
  /** Of the content. */
  readonly start: number
  readonly found: Examined
}

/** What was begun may have been damaged since; then it is fetched once more as a whole. */
async function fetchRest(handle: FileHandle, work: PartWork, { object, start, found }: Rest): Promise<void> {
  let digest = await fetchFrom(handle, work, { object, start, found })
  if (digest !== object.sha256 && found.bytes > 0) {
    work.onBytes(-found.bytes, true)
    digest = await fetchFrom(handle, work, { object, start, found: { state: 'wrong', bytes: 0, hash: createHash('sha256') } })
  }
  if (digest !== object.sha256) throw otherContent(object, digest)
}

async function fetchFrom(handle: FileHandle, { fetch, onBytes }: PartWork, { object, start, found }: Rest): Promise<string> {
  let position = found.bytes
  await fetch(object, position, async (piece) => {
    if (position + piece.length > object.size) throw tooLong(object)
    await writeAt(handle, piece, start + position)
    found.hash.update(piece)
    position += piece.length
    onBytes(piece.length, false)
  })
  return found.hash.digest('hex')
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  await handle.write(bytes, 0, bytes.length, position)
}

function otherContent({ path, sha256 }: BundleObject, found: string): CliError {
  return new CliError(`Cannot download "${path}": it came with another digest`, {
    facts: [`  expected: ${sha256}`, `  found: ${found}`],
    hint: 'Run the command again; if it stays so, ask the administrator of the server to look at its log',
  })
}

function tooLong({ path, size }: BundleObject): CliError {
  return new CliError(`Cannot download "${path}": it is longer than the ${size} bytes of the manifest`, { hint: 'Run the command again' })
}
