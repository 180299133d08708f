import { sql } from 'kysely'
import { dialectOf } from '../../base/database/dialect.ts'
import type { Db } from '../../base/database/open-database.ts'

/** Takes the claim when it is free or has run out; `false` when somebody else holds it. By the database's clock. */
export async function acquireObjectClaim(
  db: Db,
  claim: { readonly key: string; readonly token: string; readonly leaseMs: number },
): Promise<boolean> {
  const { key, token, leaseMs } = claim
  const expiresAt = sql<number>`${dialectOf(db).now} + ${leaseMs}`
  const result = await db
    .insertInto('objectClaims')
    .values({ key, token, expiresAt })
    .onConflict((oc) => oc.column('key').doUpdateSet({ token, expiresAt }).where('objectClaims.expiresAt', '<', dialectOf(db).now))
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Prolongs the claims of one holder; answers how many it still has. */
export async function renewObjectClaims(db: Db, token: string, leaseMs: number): Promise<number> {
  const result = await db
    .updateTable('objectClaims')
    .set({ expiresAt: sql<number>`${dialectOf(db).now} + ${leaseMs}` })
    .where('token', '=', token)
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** Gives the claims of one holder back; answers how many it still had. */
export async function releaseObjectClaims(db: Db, token: string): Promise<number> {
  const result = await db.deleteFrom('objectClaims').where('token', '=', token).executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Drops claims that ran out; answers how many. */
export async function deleteExpiredObjectClaims(db: Db): Promise<number> {
  const result = await db.deleteFrom('objectClaims').where('expiresAt', '<', dialectOf(db).now).executeTakeFirst()
  return Number(result.numDeletedRows)
}
