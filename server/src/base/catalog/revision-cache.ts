import { LRUCache } from 'lru-cache'
import type { Clock, UnixMs } from '../clock.ts'
import { readCatalogRevision } from '../database/catalog-revision.ts'
import type { Database } from '../database/open-database.ts'
import { RegistryError } from '../errors.ts'
import type { Logger } from '../logger.ts'

/** What a cache knows of a key. */
export interface CacheAnswer<T> {
  /** `undefined`: there is no such thing. */
  readonly found: T | undefined
  /** Seconds since the database last confirmed this state, when it does not answer now; 0 otherwise. */
  readonly staleSeconds: number
}

/** Things as they were at the newest catalog revision. */
export interface RevisionCache<T> {
  /** @throws {RegistryError} DATABASE_UNAVAILABLE when nothing is known and the database does not answer. */
  find(key: string, load: () => Promise<T | undefined>): Promise<CacheAnswer<T>>
}

interface CacheDeps {
  readonly database: Pick<Database, 'db'>
  readonly clock: Clock
  readonly logger: Logger
}

interface Entry<T> {
  readonly revision: number
  readonly found: T | undefined
  confirmedAt: UnixMs
}

const MAX_ENTRIES = 2_000
const MAX_STALE_MS = 60 * 60 * 1000

/**
 * Keeps what was loaded and asks the database only whether anything changed since: so a blocked version is gone with the next
 * request on every replica, and lists still answer, marked as stale, for an hour without the database (reliability.md P5).
 */
export function createRevisionCache<T extends object>(deps: CacheDeps): RevisionCache<T> {
  const entries = new LRUCache<string, Entry<T>>({ max: MAX_ENTRIES })
  return {
    async find(key, load) {
      const cached = entries.get(key)
      try {
        const revision = await readCatalogRevision(deps.database.db)
        if (cached?.revision === revision) {
          cached.confirmedAt = deps.clock.now()
          return { found: cached.found, staleSeconds: 0 }
        }
        // Read after the revision: what it sees may be newer than the number says, and is then only read once too often.
        const found = await load()
        entries.set(key, { revision, found, confirmedAt: deps.clock.now() })
        return { found, staleSeconds: 0 }
      } catch (error) {
        return staleAnswer(deps, cached, error)
      }
    },
  }
}

function staleAnswer<T>({ clock, logger }: CacheDeps, cached: Entry<T> | undefined, error: unknown): CacheAnswer<T> {
  if (!(error instanceof RegistryError) || error.code !== 'DATABASE_UNAVAILABLE' || cached === undefined) throw error
  const ageMs = clock.now() - cached.confirmedAt
  if (ageMs > MAX_STALE_MS) throw error
  logger.warn({ err: error }, 'database does not answer; serving what was read before')
  return { found: cached.found, staleSeconds: Math.max(1, Math.ceil(ageMs / 1000)) }
}
