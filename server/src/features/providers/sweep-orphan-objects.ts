import type { Deps } from '../../base/deps.ts'
import { deleteExpiredObjectClaims, isObjectClaimed } from './object-claim-queries.ts'
import { findPlatformByStorageKey } from './provider-queries.ts'

/**
 * Removes package objects that no living row owns and nobody is bringing: what a crash between storing and committing leaves,
 * and what a deleted version has left. Objects younger than the grace time stay.
 *
 * @returns how many were removed.
 */
export async function sweepOrphanObjects(
  { database, store, clock, logger }: Pick<Deps, 'database' | 'store' | 'clock' | 'logger'>,
  { graceMs }: { readonly graceMs: number },
): Promise<number> {
  const { db } = database
  let removed = 0
  for await (const { key, modifiedAtMs } of store.list('providers/')) {
    if (modifiedAtMs > clock.now() - graceMs) continue
    // The claim first: a publisher that commits between the two reads has its row by then.
    if (await isObjectClaimed(db, key)) continue
    if ((await findPlatformByStorageKey(db, key)) !== undefined) continue
    await store.delete(key)
    removed += 1
  }
  await deleteExpiredObjectClaims(db)
  if (removed > 0) logger.info({ removed }, 'orphan objects removed')
  return removed
}
