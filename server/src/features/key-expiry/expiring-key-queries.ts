import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'

/** A key that ends soon, with its owner. */
export interface ExpiringKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly expiresAt: UnixMs | null
  readonly username: string
  readonly email: string | null
}

/** Keys that end in a time and whose owners were not warned; in the order of their ids, behind one. */
export function listExpiringKeys(
  db: Db,
  { now, until, after, limit }: { readonly now: UnixMs; readonly until: UnixMs; readonly after: string; readonly limit: number },
): Promise<ExpiringKey[]> {
  return db
    .selectFrom('apiKeys as k')
    .innerJoin('users as u', 'u.id', 'k.userId')
    .select(['k.id', 'k.name', 'k.prefix', 'k.expiresAt', 'u.username', 'u.email'])
    .where('k.revokedAt', 'is', null)
    .where('k.expiryNotificationSentAt', 'is', null)
    .where('k.expiresAt', '>', now)
    .where('k.expiresAt', '<=', until)
    .where('u.email', 'is not', null)
    .where('u.disabledAt', 'is', null)
    .where('k.id', '>', after)
    .orderBy('k.id')
    .limit(limit)
    .execute()
}

/** Notes that the owner was written to. `false` when that is so already, or the key has changed since it was read. */
export async function markWarned(db: Db, key: Pick<ExpiringKey, 'id' | 'expiresAt'>, at: UnixMs): Promise<boolean> {
  const result = await db
    .updateTable('apiKeys')
    .set({ expiryNotificationSentAt: at })
    .where('id', '=', key.id)
    .where('expiresAt', '=', key.expiresAt)
    .where('expiryNotificationSentAt', 'is', null)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
