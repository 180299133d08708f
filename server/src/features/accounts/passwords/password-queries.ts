import type { UnixMs } from '../../../base/clock.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'

/**
 * Stores another password and keeps the user's row until the end of the transaction.
 * @param replaced the hash that must still be stored; `undefined` for whatever is there.
 * @returns `false` when there is another one by now.
 */
export async function updatePassword(
  db: Db,
  { userId, passwordHash, replaced }: { readonly userId: string; readonly passwordHash: string; readonly replaced?: string },
): Promise<boolean> {
  const result = await db
    .updateTable('users')
    .set({ passwordHash })
    .where('id', '=', userId)
    .$if(replaced !== undefined, (query) => query.where('passwordHash', '=', replaced ?? ''))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Every scope that somebody holds anywhere: their own, and those of their roles in all organisations. */
export async function findHeldScopes(db: Db, userId: string): Promise<string[]> {
  const own = await db.selectFrom('users').select('scopes').where('id', '=', userId).execute()
  const roles = await db
    .selectFrom('organizationMembers')
    .innerJoin('roleTemplates', 'roleTemplates.id', 'organizationMembers.roleTemplateId')
    .select('roleTemplates.scopes')
    .where('organizationMembers.userId', '=', userId)
    .execute()
  return [...own, ...roles].flatMap(({ scopes }) => decodeJson<string[]>(scopes))
}

/** Number of somebody's API keys that still open something. */
export async function countLiveKeys(db: Db, userId: string, nowMs: UnixMs): Promise<number> {
  const { count } = await db
    .selectFrom('apiKeys')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .where((eb) => eb.or([eb('expiresAt', 'is', null), eb('expiresAt', '>', nowMs)]))
    .executeTakeFirstOrThrow()
  return count
}
