import type { Db } from '../../base/database/open-database.ts'
import type { Deps } from '../../base/deps.ts'
import { deleteExpiredObjectClaims, isObjectClaimed } from './object-claim-queries.ts'

/** Whose objects lie below a prefix of the store. */
export interface ObjectOwner {
  readonly prefix: string
  /** Whether a living row owns the object. */
  isOwned(db: Db, key: string): Promise<boolean>
}

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
      if (modifiedAtMs > deps.clock.now() - graceMs || (await isWanted(deps.database.db, owner, key))) continue
      await deps.store.delete(key)
      removed += 1
    }
  }
  await deleteExpiredObjectClaims(deps.database.db)
  if (removed > 0) deps.logger.info({ removed }, 'orphan objects removed')
  return removed
}

/** The claim first: a publisher that commits between the two reads has its row by then. */
async function isWanted(db: Db, owner: ObjectOwner, key: string): Promise<boolean> {
  return (await isObjectClaimed(db, key)) || (await owner.isOwned(db, key))
}
