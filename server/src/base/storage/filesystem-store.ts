import type { BigIntStats } from 'node:fs'
import { link, lstat, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { LRUCache } from 'lru-cache'
import { systemClock } from '../clock.ts'
import { newId } from '../ids.ts'
import { createTemporaryFile, discardFile, makeFolderSync, openForReading, syncFolders, writeAll } from './durable-file.ts'
import { adoptFile, type Placement, writeObject } from './filesystem-write.ts'
import { assertObjectKey, isObjectKey } from './key-syntax.ts'
import type { LinkSigner } from './link-signer.ts'
import type { GetRange, ObjectHead, ObjectReader, PutOutcome, ServableStore } from './object-store.ts'
import { errnoOf, onDisk } from './storage-error.ts'

/** Address below which this server serves the objects of its local store. */
export const FILES_PATH = '/files/'

/** Not a segment of any key, hence never in the way of one. */
const TEMPORARY_FOLDER = '.tmp'
const STREAM_CHUNK_BYTES = 256 * 1024
const MAX_WRITTEN_REMEMBERED = 10_000
/** What open and stat say for a key that has no object: nothing there, a folder, a file in place of a folder, a link. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'])

export interface FilesystemStoreOptions {
  /** Absolute or relative to the working folder; made when it is missing. Must be on a file system with hard links. */
  readonly root: string
  readonly signer: LinkSigner
}

/** The local driver. */
export interface FilesystemStore extends ServableStore {
  /** Folder on the store's volume for files that `putFile` shall move; swept with the store's own leftovers. */
  readonly temporaryFolder: string
}

/**
 * Objects as files below `root`, the key being the path. Safe for several processes on one volume: an object appears by one
 * `link` of a finished and synced file. A crash at any time leaves at most a file in `.tmp`, which `sweepTemporary` removes.
 * Folders that become empty stay: removing them would race with a put that has just made them.
 */
export function createFilesystemStore(options: FilesystemStoreOptions): FilesystemStore {
  const root = resolve(options.root)
  const temporaryFolder = join(root, TEMPORARY_FOLDER)
  makeFolderSync(temporaryFolder)
  const pathOf = (key: string): string => {
    assertObjectKey(key)
    return join(root, key)
  }
  const place = (key: string): Placement => ({ key, target: pathOf(key), root, temporaryFolder })
  const reading = (key: string) => ({ verb: 'read', key, root })
  const written = new LRUCache<string, string>({ max: MAX_WRITTEN_REMEMBERED })
  const remember = async (outcome: PutOutcome): Promise<PutOutcome> => {
    if (!outcome.created) return outcome
    const { key, sha256 } = outcome.object
    // A put that has succeeded is not made to fail by a look at it; what is not remembered is hashed when it is read.
    const head = await headOf(key, pathOf(key)).catch(() => undefined)
    if (head !== undefined) written.set(identityOf(head), sha256)
    return outcome
  }
  const open = async (key: string) => {
    const object = await onDisk(reading(key), openObject(key, pathOf(key)))
    return object && { ...object, writtenSha256: written.get(identityOf(object.head)) }
  }
  return {
    id: 'local',
    temporaryFolder,
    put: async (key, body, limits) => remember(await writeObject(place(key), body, limits)),
    putFile: async (key, path, file) => remember(await adoptFile(place(key), path, file)),
    open,
    async get(key, range) {
      const object = await open(key)
      return object === undefined ? undefined : streamObject(object, range)
    },
    head: async (key) => onDisk(reading(key), headOf(key, pathOf(key))),
    delete: async (key) => onDisk({ verb: 'delete', key, root }, deleteObject(root, pathOf(key))),
    list: (prefix) => listObjects(root, prefix),
    signUrl: async (key, lifeSeconds) => {
      assertObjectKey(key)
      return options.signer.sign(`${FILES_PATH}${key}`, lifeSeconds)
    },
    sweepTemporary: (olderThanMs) => sweep(temporaryFolder, olderThanMs),
    check: () => onDisk({ verb: 'use', key: root, root }, probe(temporaryFolder)),
  }
}

/** `undefined` where the work fails because there is no such object. */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (ABSENT.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

function presentHead(key: string, stats: BigIntStats): ObjectHead {
  const { ino, size, mtimeNs, ctimeNs } = stats
  return {
    key,
    size: Number(size),
    modifiedAtMs: Number(mtimeNs / 1_000_000n),
    // The change time cannot be set by a program, so even a tool that restores the modification time is noticed.
    fingerprint: [ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join('-'),
  }
}

/** Another one for other bytes, wherever they are. */
const identityOf = ({ key, fingerprint }: ObjectHead): string => `${key} ${fingerprint}`

async function headOf(key: string, path: string): Promise<ObjectHead | undefined> {
  const stats = await unlessAbsent(lstat(path, { bigint: true }))
  return stats?.isFile() ? presentHead(key, stats) : undefined
}

type OpenedObject = ObjectReader & { readonly handle: Awaited<ReturnType<typeof openForReading>> }

async function openObject(key: string, path: string): Promise<OpenedObject | undefined> {
  const handle = await unlessAbsent(openForReading(path))
  if (handle === undefined) return undefined
  const stats = await handle.stat({ bigint: true })
  if (!stats.isFile()) {
    await handle.close()
    return undefined
  }
  return {
    handle,
    head: presentHead(key, stats),
    close: () => handle.close(),
    async read(buffer, position) {
      let filled = 0
      while (filled < buffer.byteLength) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.byteLength - filled, position + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    },
  }
}

async function streamObject({ head, handle }: OpenedObject, range: GetRange | undefined) {
  if (range !== undefined && (range.start < 0 || range.start >= head.size || range.end < range.start)) {
    await handle.close()
    throw new RangeError(`Not a range of "${head.key}" (${head.size} bytes): ${range.start}-${range.end}`)
  }
  return { head, body: handle.createReadStream({ ...range, highWaterMark: STREAM_CHUNK_BYTES }) }
}

async function deleteObject(root: string, path: string): Promise<boolean> {
  const stats = await unlessAbsent(lstat(path))
  if (stats === undefined || !stats.isFile()) return false
  const removed = await unlessAbsent(rm(path).then(() => true))
  await syncFolders(root, dirname(path))
  return removed ?? false
}

/** Walks only the folders that can hold the prefix; a name sorts with the slash that follows it in the key. */
async function* listObjects(root: string, prefix: string): AsyncGenerator<ObjectHead> {
  if (prefix !== '' && !isObjectKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)) {
    throw new TypeError(`Not the beginning of an object key: ${JSON.stringify(prefix.slice(0, 100))}`)
  }
  const slash = prefix.lastIndexOf('/')
  yield* walk(root, prefix.slice(0, slash + 1), prefix)
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<ObjectHead> {
  const action = { verb: 'list', key: folder, root }
  const entries = (await onDisk(action, unlessAbsent(readdir(join(root, folder), { withFileTypes: true })))) ?? []
  const keys = entries
    .filter((entry) => isObjectKey(entry.name) && (entry.isFile() || entry.isDirectory()))
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .filter((key) => key.startsWith(prefix))
    .sort((a, b) => (a < b ? -1 : 1))
  for (const key of keys) {
    if (key.endsWith('/')) {
      yield* walk(root, key, prefix)
    } else {
      const head = await onDisk(action, headOf(key, join(root, key)))
      if (head !== undefined) yield head
    }
  }
}

/** Ages are told by the time of the last write, so a slow upload that still goes on is left alone. */
async function sweep(folder: string, olderThanMs: number): Promise<number> {
  let removed = 0
  for (const name of (await unlessAbsent(readdir(folder))) ?? []) {
    const path = join(folder, name)
    const stats = await unlessAbsent(stat(path))
    if (stats === undefined || systemClock.now() - stats.mtimeMs <= olderThanMs) continue
    await rm(path, { recursive: true, force: true })
    removed += 1
  }
  return removed
}

/** Needs everything that a put needs, including hard links, which some network file systems lack. */
async function probe(folder: string): Promise<void> {
  const content = newId()
  const { path, handle } = await createTemporaryFile(folder)
  const second = `${path}.linked`
  try {
    await writeAll(handle, Buffer.from(content))
    await handle.sync()
    await link(path, second)
    if ((await readFile(second, 'utf8')) !== content) throw new Error(`The folder "${folder}" does not return what was written to it`)
  } finally {
    await handle.close()
    await discardFile(second)
    await discardFile(path)
  }
}
