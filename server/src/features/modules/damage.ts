import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Deps } from '../../base/deps.ts'
import { findModuleVersionByStorageKey, updateModuleVersion } from './module-queries.ts'

/** SHA-256 (hex) that a stored archive must have to be sent; `undefined` for one that is not to be sent at all. */
export async function expectedModuleDigest({ database }: Pick<Deps, 'database'>, key: string): Promise<string | undefined> {
  const row = await findModuleVersionByStorageKey(database.db, key)
  return row === undefined || row.damagedAt !== null ? undefined : row.sha256
}

/** Takes a version whose stored archive has changed or is gone out of service, until the same content is published again. */
export async function markModuleDamaged(
  { database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>,
  { key, expected, found }: { readonly key: string; readonly expected: string; readonly found: string | undefined },
): Promise<void> {
  logger.error({ key, expected, found: found ?? null }, 'stored module archive is damaged; it is out of service')
  await database.db.transaction().execute(async (tx) => {
    const row = await findModuleVersionByStorageKey(tx, key)
    if (row === undefined || row.damagedAt !== null) return
    await updateModuleVersion(tx, row.id, { damagedAt: clock.now() })
    await bumpCatalogRevision(tx)
  })
}
