import { LRUCache } from 'lru-cache'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { findPlatformByStorageKey, updatePlatformFlags } from './provider-queries.ts'

const MAX_REMEMBERED = 10_000

/**
 * A look-up of the SHA-256 (hex) that a stored package must have to be sent; `undefined` for one that is not to be sent at all.
 * While the database is away, what it said last still counts: downloads outlive it (P5).
 */
export function createPackageDigests({ database }: Pick<Deps, 'database'>): (key: string) => Promise<string | undefined> {
  const remembered = new LRUCache<string, string>({ max: MAX_REMEMBERED })
  return async (key) => {
    try {
      const row = await findPlatformByStorageKey(database.db, key)
      const served = row !== undefined && row.blockedAt === null && row.damagedAt === null && row.versionBlockedAt === null
      const digest = served ? row.zh.slice('zh:'.length) : undefined
      if (digest === undefined) remembered.delete(key)
      else remembered.set(key, digest)
      return digest
    } catch (error) {
      const digest = remembered.get(key)
      if (digest !== undefined && error instanceof RegistryError && error.code === 'DATABASE_UNAVAILABLE') return digest
      throw error
    }
  }
}

/** Takes a package whose stored bytes have changed or are gone out of service, until it is loaded again (C59). */
export async function markPackageDamaged(
  { database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>,
  { key, expected, found }: { readonly key: string; readonly expected: string; readonly found: string | undefined },
): Promise<void> {
  logger.error({ key, expected, found: found ?? null }, 'stored package is damaged; it is out of service until it is loaded again')
  await database.db.transaction().execute(async (tx) => {
    const row = await findPlatformByStorageKey(tx, key)
    if (row === undefined || row.damagedAt !== null) return
    const at = clock.now()
    await updatePlatformFlags(tx, row.id, { damagedAt: at })
    await recordAudit(tx, {
      at,
      origin: systemOrigin('storage'),
      action: 'provider_package.damage',
      object: key,
      outcome: 'error',
      details: { expected, found: found ?? null },
    })
    await bumpCatalogRevision(tx)
  })
}
