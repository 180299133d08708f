import type { Insertable } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { SignOnAttemptsTable } from '../../base/database/identity-schema.ts'
import type { Db } from '../../base/database/open-database.ts'

/** Keeps a sign-in that was sent to a provider. */
export async function insertAttempt(db: Db, attempt: Insertable<SignOnAttemptsTable>): Promise<void> {
  await db.insertInto('signOnAttempts').values(attempt).execute()
}

/** The attempt of an id, used and expired ones included. */
export function findAttempt(db: Db, id: string) {
  return db.selectFrom('signOnAttempts').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Uses an attempt up; `true` for one caller only, however many ask at once. */
export async function useAttempt(db: Db, id: string, at: UnixMs): Promise<boolean> {
  const result = await db
    .updateTable('signOnAttempts')
    .set({ usedAt: at })
    .where('id', '=', id)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', at)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Removes attempts that ended before a time. */
export async function deleteAttempts(db: Db, endedBefore: UnixMs): Promise<void> {
  await db.deleteFrom('signOnAttempts').where('expiresAt', '<', endedBefore).execute()
}
