import { constants, mkdirSync } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { newId } from '../ids.ts'
import { errnoOf } from './storage-error.ts'

/** Folders: owner and group only (STO-20). */
export const FOLDER_MODE = 0o750
/** Files: owner writes, group reads. */
export const FILE_MODE = 0o640

/** A file under construction; it becomes visible by `publishFile` only. */
export interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
}

/** Makes the folder and its missing parents now, so that what comes later can rely on it. */
export function makeFolderSync(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE })
}

/** Opens a new, empty file in the folder, which is made when it is missing. */
export async function createTemporaryFile(folder: string): Promise<TemporaryFile> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const path = join(folder, newId())
  return { path, handle: await open(path, 'wx', FILE_MODE) }
}

/** Writes the whole chunk: on a disk that is nearly full a single write stores a part of it and reports success. */
export async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset)
    offset += bytesWritten
  }
}

/** Opens a regular file for reading; a link in its place is refused (ELOOP). */
export function openForReading(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Makes the entries of the folder and of every folder between it and `root` durable. All of them, not only those we made:
 * another writer may have made one a moment ago and not synced it yet. Syncing an unchanged folder costs next to nothing.
 */
export async function syncFolders(root: string, folder: string): Promise<void> {
  const names = relative(root, folder).split(sep)
  for (let depth = names.length; depth >= 0; depth--) await syncFolder(join(root, ...names.slice(0, depth)))
}

/**
 * Gives a finished and synced file its final name, create-only: `link` fails where the name exists, where `rename` would
 * replace. The first name stays until the caller removes it. Afterwards the entry is durable, whoever made it; when that
 * cannot be had, the name is taken back.
 */
export async function publishFile(root: string, from: string, target: string): Promise<boolean> {
  const folder = dirname(target)
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const created = await linkNew(from, target)
  try {
    await syncFolders(root, folder)
  } catch (error) {
    if (created) await rm(target, { force: true })
    throw error
  }
  return created
}

async function linkNew(from: string, target: string): Promise<boolean> {
  try {
    await link(from, target)
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    if ((await lstat(target)).isFile()) return false
    throw new TypeError(`Not a place for an object: ${JSON.stringify(target)} is a folder`, { cause: error })
  }
}

/** Removes a file whose work is done or has failed. What cannot be removed now is left to the sweep. */
export async function discardFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined)
}
