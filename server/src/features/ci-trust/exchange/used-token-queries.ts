import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** Uses a token up; `false` when somebody did before. Of many at the same time, one gets `true`. */
export async function useToken(db: Db, row: { readonly tokenKey: string; readonly expiresAt: UnixMs }): Promise<boolean> {
  const result = await db
    .insertInto('usedIdentityTokens')
    .values(row)
    .onConflict((oc) => oc.column('tokenKey').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Whether a token was used. */
export async function isTokenUsed(db: Db, tokenKey: string): Promise<boolean> {
  return (await db.selectFrom('usedIdentityTokens').select('tokenKey').where('tokenKey', '=', tokenKey).executeTakeFirst()) !== undefined
}

/** Forgets tokens that nobody would accept any more. */
export async function deleteUsedTokens(db: Db, before: UnixMs): Promise<number> {
  const result = await db.deleteFrom('usedIdentityTokens').where('expiresAt', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}
