import { sql } from 'kysely'
import type { UnixMs } from '../clock.ts'
import { decodeJson, encodeJson } from '../database/columns.ts'
import { type Db, dialectOf } from '../database/dialect.ts'
import { newId } from '../ids.ts'
import type { Mail } from './mailer.ts'

/** A letter that this process sends now; nobody else takes it before the lease is over. */
export interface TakenMail extends Mail {
  /** Tries before this one. */
  readonly attempts: number
  readonly leaseToken: string
  /** Since it was written. */
  readonly ageMs: number
}

/** Adds a letter; one with the same id is there already, and stays. */
export async function insertMail(db: Db, { id, to, subject, text }: Mail): Promise<void> {
  const { now } = dialectOf(db)
  await db
    .insertInto('mails')
    .values({ id, recipients: encodeJson(to), subject, body: text, createdAt: now, dueAt: now, attempts: 0 })
    .onConflict((oc) => oc.column('id').doNothing())
    .execute()
}

/** Takes the letter that has been due for longest. Two that ask at the same time get different ones. */
export async function takeDueMail(db: Db, leaseMs: number): Promise<TakenMail | undefined> {
  const { rowLocks, now } = dialectOf(db)
  const due = db
    .selectFrom('mails')
    .select('id')
    .where('dueAt', '<=', now)
    .orderBy('dueAt')
    .orderBy('id')
    .limit(1)
    .$if(rowLocks, (query) => query.forUpdate().skipLocked())
  const row = await db
    .updateTable('mails')
    .set({ leaseToken: newId(), dueAt: sql<number>`${now} + ${sql.lit(Math.round(leaseMs))}` })
    .where('id', '=', due)
    .returning(['id', 'recipients', 'subject', 'body', 'attempts', 'leaseToken'])
    .returning(sql<number>`${now} - created_at`.as('ageMs'))
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { recipients, body, leaseToken, ...rest } = row
  return { ...rest, to: decodeJson<string[]>(recipients), text: body, leaseToken: leaseToken ?? '' }
}

type Lease = Pick<TakenMail, 'id' | 'leaseToken'>

/** The mail server has taken it. */
export async function recordSent(db: Db, { id, leaseToken }: Lease): Promise<void> {
  await db
    .updateTable('mails')
    .set({ sentAt: dialectOf(db).now, dueAt: null, leaseToken: null, lastError: null })
    .where('id', '=', id)
    .where('leaseToken', '=', leaseToken)
    .execute()
}

/** It was not sent; without `retryMs` it will never be. */
export async function recordNotSent(
  db: Db,
  { id, leaseToken }: Lease,
  { reason, retryMs }: { readonly reason: string; readonly retryMs: number | undefined },
): Promise<void> {
  const dueAt = retryMs === undefined ? null : sql<number>`${dialectOf(db).now} + ${sql.lit(Math.round(retryMs))}`
  await db
    .updateTable('mails')
    .set((eb) => ({ dueAt, leaseToken: null, lastError: reason, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('leaseToken', '=', leaseToken)
    .execute()
}

/** Removes letters that are over, sent or given up, and were written before a time of the database's clock. */
export async function deleteOldMails(db: Db, before: UnixMs): Promise<void> {
  await db.deleteFrom('mails').where('dueAt', 'is', null).where('createdAt', '<', before).execute()
}
