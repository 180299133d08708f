import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { RegistryError } from '../errors.ts'
import {
  createTemporaryFile,
  discardFile,
  FILE_MODE,
  openForReading,
  publishFile,
  syncFolders,
  type TemporaryFile,
  writeAll,
} from './durable-file.ts'
import type { PutOptions, PutOutcome } from './object-store.ts'
import { type DiskAction, errnoOf, onDisk } from './storage-error.ts'

/** Where one object goes. */
export interface Placement {
  readonly key: string
  /** Final name of the object. */
  readonly target: string
  readonly root: string
  /** Folder on the same volume for unfinished files. */
  readonly temporaryFolder: string
}

interface Digested {
  readonly size: number
  readonly sha256: string
}

function actionOf(place: Placement, neededBytes?: number): DiskAction {
  const action = { verb: 'store', key: place.key, root: place.root }
  return neededBytes === undefined ? action : { ...action, neededBytes }
}

/** `ObjectStore.put`: temporary file, checks, fsync, create-only link, fsync of the folders. */
export async function writeObject(place: Placement, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutOutcome> {
  if (await isAlreadyThere(place)) {
    if (body instanceof Readable) body.destroy()
    return { created: false }
  }
  const temporary = await onDisk(actionOf(place), createTemporaryFile(place.temporaryFolder))
  try {
    const digested = await receive(place, temporary, { body, options })
    const created = await onDisk(actionOf(place, digested.size), publishFile(place.root, temporary.path, place.target))
    return created ? { created, object: { key: place.key, ...digested } } : { created }
  } finally {
    await temporary.handle.close().catch(() => undefined)
    await discardFile(temporary.path)
  }
}

async function isAlreadyThere({ target, root, key }: Placement): Promise<boolean> {
  const stat = await lstat(target).catch(() => undefined)
  if (stat === undefined || !stat.isFile()) return false
  await onDisk({ verb: 'store', key, root }, syncFolders(root, dirname(target)))
  return true
}

interface Incoming {
  readonly body: AsyncIterable<Uint8Array>
  readonly options: PutOptions
}

/** Streams the body into the temporary file; when it returns, every byte is checked and on the disk. */
async function receive(place: Placement, { handle }: TemporaryFile, { body, options }: Incoming): Promise<Digested> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > options.maxBytes) throw tooLarge(place.key, options.maxBytes)
    hash.update(chunk)
    await onDisk(actionOf(place, size), writeAll(handle, chunk))
  }
  const sha256 = hash.digest('hex')
  if (options.sha256 !== undefined && options.sha256 !== sha256) throw mismatch(place.key, { sha256: options.sha256 }, { sha256 })
  await onDisk(actionOf(place, size), finish(handle))
  return { size, sha256 }
}

/** Some file systems report a failed write only when the file is closed, so closing is part of the write. */
async function finish(handle: FileHandle): Promise<void> {
  await handle.sync()
  await handle.close()
}

/** `ObjectStore.putFile`: a second name for the file where the volume is the same, else a checked copy. */
export async function adoptFile(place: Placement, path: string, expected: Digested): Promise<PutOutcome> {
  const action = actionOf(place, expected.size)
  await onDisk(action, settleFile(place.key, path, expected))
  try {
    const created = await onDisk(action, publishFile(place.root, path, place.target))
    if (!created) return { created }
  } catch (error) {
    if (error instanceof RegistryError && errnoOf(error.cause) === 'EXDEV') return copyFile(place, path, expected)
    throw error
  }
  await discardFile(path)
  return { created: true, object: { key: place.key, size: expected.size, sha256: expected.sha256 } }
}

/** Makes the bytes durable under their present name, with the mode of an object. */
async function settleFile(key: string, path: string, expected: Digested): Promise<void> {
  const handle = await openForReading(path)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new TypeError(`Not a file: ${JSON.stringify(path)}`)
    if (stat.size !== expected.size) throw mismatch(key, { size: expected.size }, { size: stat.size })
    await handle.chmod(FILE_MODE)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function copyFile(place: Placement, path: string, { size, sha256 }: Digested): Promise<PutOutcome> {
  return writeObject(place, createReadStream(path, { highWaterMark: 1 << 20 }), { maxBytes: size, sha256 })
}

function tooLarge(key: string, maxBytes: number): RegistryError {
  return new RegistryError('PAYLOAD_TOO_LARGE', `Cannot store "${key}": it is larger than ${maxBytes} bytes`, {
    hint: 'Send a smaller file, or have the limit raised',
    detail: { max_bytes: maxBytes },
  })
}

function mismatch(key: string, expected: Partial<Digested>, found: Partial<Digested>): RegistryError {
  const what = expected.sha256 === undefined ? 'size' : 'SHA-256'
  return new RegistryError('CHECKSUM_MISMATCH', `Cannot store "${key}": its ${what} is not the expected one`, {
    hint: 'The bytes changed on their way here; send them again',
    detail: { expected, found },
  })
}
