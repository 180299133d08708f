import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { BundleObject } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { entryBytes, objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import { paddingAfter, TAR_END } from '@terrace/protocol/tar-headers.ts'
import { CliError } from '../cli-error.ts'

const READ_BYTES = 1024 * 1024

/** How far a part is that was begun before. */
interface Progress {
  /** Index of the first object that is not whole and right. */
  readonly next: number
  /** Where its entry begins. */
  readonly offset: number
  /** Bytes of its content that are there already; the hash has taken them. */
  readonly begun: number
  readonly hash: Hash
}

/** What a part is made of, and who is told. */
export interface PartWork {
  readonly path: string
  /** In the order of the part. */
  readonly objects: readonly BundleObject[]
  /** Fetches the bytes of an object from a byte on. */
  readonly fetch: (object: BundleObject, from: number, write: (piece: Uint8Array) => Promise<void>) => Promise<void>
  /** Told how many bytes of objects were kept, or have come. */
  readonly onBytes: (count: number, isKept: boolean) => void
}

/**
 * Writes a part, or goes on with one that was begun: what is there and right is kept, byte by byte, the rest is fetched.
 * @throws {CliError} when an object comes with another digest than the manifest says.
 */
export async function writePart(work: PartWork): Promise<void> {
  const handle = await open(work.path, 'a+').then(async (touched) => {
    await touched.close()
    return open(work.path, 'r+')
  })
  try {
    const progress = await findProgress(handle, work)
    const end = await writeObjects(handle, work, progress)
    await handle.write(TAR_END, 0, TAR_END.length, end)
    await handle.truncate(end + TAR_END.length)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function findProgress(handle: FileHandle, { objects, onBytes }: PartWork): Promise<Progress> {
  const { size } = await handle.stat()
  let offset = 0
  for (const [next, object] of objects.entries()) {
    const found = await examine(handle, object, { offset, size })
    if (found.state === 'whole') {
      onBytes(object.size, true)
      offset += entryBytes(object)
      continue
    }
    const begun = found.state === 'begun' ? found.bytes : 0
    onBytes(begun, true)
    return { next, offset, begun, hash: begun > 0 ? found.hash : createHash('sha256') }
  }
  return { next: objects.length, offset, begun: 0, hash: createHash('sha256') }
}

interface Place {
  readonly offset: number
  /** Of the file. */
  readonly size: number
}

interface Examined {
  readonly state: 'whole' | 'begun' | 'wrong'
  /** Of the content. */
  readonly bytes: number
  readonly hash: Hash
}

async function examine(handle: FileHandle, object: BundleObject, { offset, size }: Place): Promise<Examined> {
  const expected = objectHeaders(object)
  const hash = createHash('sha256')
  const wrong: Examined = { state: 'wrong', bytes: 0, hash }
  if (size < offset + expected.length || Buffer.compare(await readAt(handle, offset, expected.length), expected) !== 0) return wrong
  const start = offset + expected.length
  const bytes = Math.min(object.size, size - start)
  for (let position = start; position < start + bytes; position += READ_BYTES) {
    hash.update(await readAt(handle, position, Math.min(READ_BYTES, start + bytes - position)))
  }
  if (bytes < object.size) return { state: 'begun', bytes, hash }
  return hash.copy().digest('hex') === object.sha256 ? { state: 'whole', bytes, hash } : wrong
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function writeObjects(handle: FileHandle, work: PartWork, progress: Progress): Promise<number> {
  let { offset } = progress
  for (const [index, object] of work.objects.entries()) {
    if (index < progress.next) continue
    const begun = index === progress.next ? { bytes: progress.begun, hash: progress.hash } : undefined
    await writeObject(handle, work, { object, offset, begun })
    offset += entryBytes(object)
  }
  return offset
}

interface ObjectWork {
  readonly object: BundleObject
  readonly offset: number
  readonly begun: { readonly bytes: number; readonly hash: Hash } | undefined
}

/** What was begun may have been damaged since; then it is fetched once more as a whole. */
async function writeObject(handle: FileHandle, work: PartWork, { object, offset, begun }: ObjectWork): Promise<void> {
  const headers = objectHeaders(object)
  await handle.write(headers, 0, headers.length, offset)
  const start = offset + headers.length
  let found = await fetchObject(handle, work, { object, start, begun })
  if (found !== object.sha256 && begun !== undefined && begun.bytes > 0) {
    work.onBytes(-object.size, true)
    found = await fetchObject(handle, work, { object, start, begun: undefined })
  }
  if (found !== object.sha256) throw otherContent(object, found)
  const padding = paddingAfter(object.size)
  await handle.write(padding, 0, padding.length, start + object.size)
}

async function fetchObject(
  handle: FileHandle,
  { fetch, onBytes }: PartWork,
  { object, start, begun }: Omit<ObjectWork, 'offset'> & { readonly start: number },
): Promise<string> {
  const hash = begun?.hash ?? createHash('sha256')
  let position = begun?.bytes ?? 0
  // What follows is of an older state of the file.
  await handle.truncate(start + position)
  await fetch(object, position, async (piece) => {
    if (position + piece.length > object.size) throw tooLong(object)
    await handle.write(piece, 0, piece.length, start + position)
    hash.update(piece)
    position += piece.length
    onBytes(piece.length, false)
  })
  return hash.digest('hex')
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
