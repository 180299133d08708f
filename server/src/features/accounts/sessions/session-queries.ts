import type { Insertable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { SessionsTable } from '../../../base/database/schema.ts'

/** Records a new session. */
export async function insertSession(db: Db, session: Insertable<SessionsTable>): Promise<void> {
  await db.insertInto('sessions').values(session).execute()
}

/** `false` when there is no such session, or it was revoked before. */
export async function revokeSession(db: Db, sessionId: string, revokedAt: UnixMs): Promise<boolean> {
  const result = await db
    .updateTable('sessions')
    .set({ revokedAt })
    .where('id', '=', sessionId)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
