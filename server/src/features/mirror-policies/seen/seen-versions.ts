import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { LRUCache } from 'lru-cache'
import type { Deps } from '../../../base/deps.ts'
import { insertSeenVersions, listSeenVersions, type SeenVersion } from './seen-version-queries.ts'

/** Since when versions are known here. */
export interface SeenVersions {
  /** What is known of the versions; those that nobody has asked about before are known from now on. */
  remember(address: ProviderAddress, versions: readonly string[]): Promise<ReadonlyMap<string, SeenVersion>>
  /** What is known, without remembering anything. */
  read(address: ProviderAddress): Promise<ReadonlyMap<string, SeenVersion>>
}

const MAX_KEPT = 1_000

/** Rows change once at most, when their age is learned: what was read holds until somebody reads it again. */
export function createSeenVersions({ database, clock }: Pick<Deps, 'database' | 'clock'>): SeenVersions {
  const kept = new LRUCache<string, ReadonlyMap<string, SeenVersion>>({ max: MAX_KEPT })
  const read = async (address: ProviderAddress) => {
    const rows = await listSeenVersions(database.db, address)
    const known = new Map(rows.map((row) => [row.version, row]))
    kept.set(formatProviderAddress(address), known)
    return known
  }
  return {
    read,
    async remember(address, versions) {
      const known = kept.get(formatProviderAddress(address)) ?? (await read(address))
      const unknown = versions.filter((version) => !known.has(version))
      if (unknown.length === 0) return known
      const firstSeenAt = clock.now()
      await insertSeenVersions(
        database.db,
        address,
        unknown.map((version) => ({ version, firstSeenAt, publishedAt: null })),
      )
      return read(address)
    },
  }
}
