import type { Insertable, Selectable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { SessionsTable } from '../../../base/database/schema.ts'
import type { Page } from '../../../base/http/pagination.ts'

/** A session as it is shown. */
export type SessionRow = Pick<Selectable<SessionsTable>, 'id' | 'createdAt' | 'expiresAt' | 'ip' | 'userAgent'>

/** Whose sessions, and which moment they must have outlived. */
export interface LiveSessionsOf {
  readonly userId: string
  readonly nowMs: UnixMs
}

/** Records a new session. */
export async function insertSession(db: Db, session: Insertable<SessionsTable>): Promise<void> {
  await db.insertInto('sessions').values(session).execute()
}

function liveSessions(db: Db, { userId, nowMs }: LiveSessionsOf) {
  return db.selectFrom('sessions').where('userId', '=', userId).where('revokedAt', 'is', null).where('expiresAt', '>', nowMs)
}

/** Sessions of somebody that are neither revoked nor expired, newest first. */
export function listLiveSessions(db: Db, whose: LiveSessionsOf, page: Page): Promise<SessionRow[]> {
  return liveSessions(db, whose)
    .select(['id', 'createdAt', 'expiresAt', 'ip', 'userAgent'])
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Number of sessions that `listLiveSessions` would list without a page. */
export async function countLiveSessions(db: Db, whose: LiveSessionsOf): Promise<number> {
  const { count } = await liveSessions(db, whose)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
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

/**
 * Ends the codes of `terraform login` that somebody was given and has not used: whoever ends a session means that nothing comes of
 * it any more.
 */
export async function endLoginCodes(db: Db, { userId, nowMs }: LiveSessionsOf): Promise<void> {
  await db
    .updateTable('loginCodes')
    .set({ expiresAt: nowMs })
    .where('userId', '=', userId)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', nowMs)
    .execute()
}

/** Revokes a session of somebody, and their unused login codes; `false` when they have no such one, or it was revoked or has expired before. */
export async function revokeLiveSession(db: Db, { userId, nowMs }: LiveSessionsOf, sessionId: string): Promise<boolean> {
  const result = await db
    .updateTable('sessions')
    .set({ revokedAt: nowMs })
    .where('id', '=', sessionId)
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .where('expiresAt', '>', nowMs)
    .executeTakeFirst()
  await endLoginCodes(db, { userId, nowMs })
  return result.numUpdatedRows === 1n
}

/** Revokes every session of somebody, and their unused login codes; answers how many that were alive. */
export async function revokeLiveSessions(db: Db, { userId, nowMs }: LiveSessionsOf): Promise<number> {
  const result = await db
    .updateTable('sessions')
    .set({ revokedAt: nowMs })
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .where('expiresAt', '>', nowMs)
    .executeTakeFirst()
  await endLoginCodes(db, { userId, nowMs })
  return Number(result.numUpdatedRows)
}

/** Removes what has expired; a token of it is refused by its own expiry. Answers how many. */
export async function deleteExpiredSessions(db: Db, nowMs: UnixMs): Promise<number> {
  const result = await db.deleteFrom('sessions').where('expiresAt', '<=', nowMs).executeTakeFirst()
  return Number(result.numDeletedRows)
}
