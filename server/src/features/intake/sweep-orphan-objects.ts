import type { Db } from '../../base/database/open-database.ts'
import type { Deps } from '../../base/deps.ts'
import { newId } from '../../base/ids.ts'
import { acquireObjectClaim, deleteExpiredObjectClaims, releaseObjectClaims } from './object-claim-queries.ts'

/** Whose objects lie below a prefix of the store. */
export interface ObjectOwner {
  readonly prefix: string
  /** Whether a living row owns the object. */
  isOwned(db: Db, key: string): Promise<boolean>
}

/** Far longer than the deletion of one object takes. */
const REMOVAL_LEASE_MS = 30_000

type SweepDeps = Pick<Deps, 'database' | 'store' | 'clock' | 'logger'>

/**
 * Removes objects that no living row owns and nobody is bringing: what a crash between storing and committing leaves, and what
 * a deleted version has left. Objects younger than the grace time stay.
 *
 * @returns how many were removed.
 */
export async function sweepOrphanObjects(
  deps: SweepDeps,
  { owners, graceMs }: { readonly owners: readonly ObjectOwner[]; readonly graceMs: number },
): Promise<number> {
  let removed = 0
  for (const owner of owners) {
    for await (const { key, modifiedAtMs } of deps.store.list(owner.prefix)) {
      if (modifiedAtMs <= deps.clock.now() - graceMs && (await removeUnownedObject(deps, owner, key))) removed += 1
    }
  }
  await deleteExpiredObjectClaims(deps.database.db)
  if (removed > 0) deps.logger.info({ removed }, 'orphan objects removed')
  return removed
}

/**
 * Removes the object under its claim, so that nobody brings it anew between the look at its row and the deletion: that would
 * leave a published row without its object. `false` when a row owns the object or somebody holds its claim.
 */
export async function removeUnownedObject(
  { database: { db }, store }: Pick<SweepDeps, 'database' | 'store'>,
  owner: ObjectOwner,
  key: string,
): Promise<boolean> {
  if (await owner.isOwned(db, key)) return false
  const token = newId()
  if (!(await acquireObjectClaim(db, { key, token, leaseMs: REMOVAL_LEASE_MS }))) return false
  try {
    return !(await owner.isOwned(db, key)) && (await store.delete(key))
  } finally {
    await releaseObjectClaims(db, token)
  }
}
