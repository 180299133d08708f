import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Deps } from '../../base/deps.ts'
import { findPlatformByStorageKey, updatePlatformFlags } from './provider-queries.ts'

/** SHA-256 (hex) that an object must have to be sent; `undefined` for an object that is not to be sent at all. */
export async function expectedPackageDigest({ database }: Pick<Deps, 'database'>, key: string): Promise<string | undefined> {
  const row = await findPlatformByStorageKey(database.db, key)
  if (row === undefined || row.blockedAt !== null || row.damagedAt !== null) return undefined
  return row.zh.slice('zh:'.length)
}

/** Takes a package whose stored bytes have changed out of service, until it is loaded again (C59). */
export async function markPackageDamaged(
  { database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>,
  { key, expected, found }: { readonly key: string; readonly expected: string; readonly found: string | undefined },
): Promise<void> {
  logger.error({ key, expected, found }, 'stored package is damaged; it is out of service until it is loaded again')
  await database.db.transaction().execute(async (tx) => {
    const row = await findPlatformByStorageKey(tx, key)
    if (row === undefined) return
    await updatePlatformFlags(tx, row.id, { damagedAt: clock.now() })
    await bumpCatalogRevision(tx)
  })
}
