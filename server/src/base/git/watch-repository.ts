import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryOf } from './git-environment.ts'
import { refusedUrl, tooLarge } from './git-errors.ts'
import type { GitLimits } from './git-requests.ts'

/** Limits that are all set. */
export type BoundedGit = Required<Omit<GitLimits, 'signal'>>

export const DEFAULT_GIT_LIMITS: BoundedGit = {
  maxRepositoryBytes: 256 * 1024 ** 2,
  maxObjects: 1_000_000,
  maxTarBytes: 512 * 1024 ** 2,
  maxArchiveBytes: 512 * 1024 ** 2,
  timeoutMs: 5 * 60_000,
}

export interface WatchedRepository {
  readonly folder: string
  readonly url: URL
  readonly limits: BoundedGit
  /** Joined with the limits. */
  readonly signal: AbortSignal
}

const PAUSE_MS = 100
/** Folders of objects that are not in a pack. Source: gitrepository-layout(5) */
const LOOSE_OBJECTS = /^[0-9a-f]{2}$/

/** Looks at a growing repository until it is disposed of; its signal aborts with the error of the limit. */
export function watchRepository(watched: WatchedRepository): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const timer = setInterval(() => {
    void checkRepository(watched).catch((error: unknown) => controller.abort(error))
  }, PAUSE_MS)
  return { signal: AbortSignal.any([watched.signal, controller.signal]), [Symbol.dispose]: () => clearInterval(timer) }
}

/** @throws {RegistryError} UPSTREAM_REFUSED when the repository is over a limit */
export async function checkRepository({ folder, url, limits }: Omit<WatchedRepository, 'signal'>): Promise<void> {
  const store = join(repositoryOf(folder), 'objects')
  // Only files come so, from a server that has become one without Git (gitprotocol-http(5), "Dumb Clients"): nothing bounds them.
  if ((await namesIn(store)).some((name) => LOOSE_OBJECTS.test(name))) throw refusedUrl(url, 'it does not send its objects in a pack')
  const packs = join(store, 'pack')
  let bytes = 0
  let objects = 0
  for (const name of await namesIn(packs)) {
    const path = join(packs, name)
    bytes += await sizeOf(path)
    if (name.endsWith('.pack') || name.startsWith('tmp_pack_')) objects += await countObjects(path)
  }
  if (bytes > limits.maxRepositoryBytes) throw tooLarge(url, { what: 'bytes', limit: limits.maxRepositoryBytes })
  if (objects > limits.maxObjects) throw tooLarge(url, { what: 'objects', limit: limits.maxObjects })
}

/** Files come and go while `git` works. */
const orWhenGone =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value
    throw error
  }

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(orWhenGone<string[]>([]))

const sizeOf = (path: string): Promise<number> => stat(path).then(({ size }) => size, orWhenGone(0))

/** The number that a pack declares at its start. Source: gitformat-pack(5) */
async function countObjects(path: string): Promise<number> {
  const file = await open(path, 'r').catch(orWhenGone(undefined))
  if (file === undefined) return 0
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(12), 0, 12, 0)
    return bytesRead === 12 ? buffer.readUInt32BE(8) : 0
  } finally {
    await file.close()
  }
}
