import { databaseNow } from '../database/database-time.ts'
import type { Db } from '../database/dialect.ts'
import type { Deps } from '../deps.ts'
import { deleteOldMails, insertMail, recordNotSent, recordSent, type TakenMail, takeDueMail } from './mail-queries.ts'
import { createMailer, type Mail, MailError, type Mailer, type MailerOptions } from './mailer.ts'

/** What sending needs of the server. */
export interface OutboxDeps extends Pick<Deps, 'database' | 'logger'> {
  readonly config: { readonly notifications: { readonly smtp: MailerOptions } }
}

/** What a round of sending came to. */
export interface MailRound {
  readonly sent: number
  readonly failed: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Longer than the mailer's time limits together: whoever is slower than this may see its letter sent by another process. */
const LEASE_MS = 5 * MINUTE_MS
/** Nobody needs a letter that is older. */
const GIVE_UP_MS = 72 * HOUR_MS
/** How long it can be told what was sent to whom; also how long a letter with the same id is known. */
const KEPT_MS = 30 * 24 * HOUR_MS

/**
 * Puts a letter into the outbox. Pass the transaction of its cause: either both are there or neither is. The id is the letter's
 * identity: one that was put in before is not put in again.
 */
export async function queueMail(tx: Db, mail: Mail): Promise<void> {
  await insertMail(tx, mail)
}

/**
 * Sends what is due, one letter after the other, until nothing is left or the server cannot be used. Several processes may do so at the
 * same time: each letter is leased by one. A process that dies leaves its letter to the next when the lease is over; what failed is
 * tried again after a minute, then after twice as long each time, at most an hour, for three days.
 *
 * A letter is recorded as sent after the server has taken it. Who dies between the two leaves a letter that is sent again, with the
 * same Message-ID, by which mailboxes tell it is the same: the protocol has no way to ask what was taken.
 */
export async function deliverMails(deps: OutboxDeps, { leaseMs = LEASE_MS }: { readonly leaseMs?: number } = {}): Promise<MailRound> {
  const { smtp } = deps.config.notifications
  const round = { sent: 0, failed: 0 }
  if (smtp.host === '') return round
  const mailer = createMailer(smtp)
  const { db } = deps.database
  for (let mail = await takeDueMail(db, leaseMs); mail !== undefined; mail = await takeDueMail(db, leaseMs)) {
    const outcome = await sendOne(deps, mailer, mail)
    if (outcome === 'sent') round.sent += 1
    else round.failed += 1
    if (outcome === 'server away') break
  }
  return round
}

/** Forgets letters that are long over. */
export async function sweepMails({ database: { db } }: Pick<Deps, 'database'>): Promise<void> {
  await deleteOldMails(db, (await databaseNow(db)) - KEPT_MS)
}

async function sendOne(
  { database: { db }, logger }: OutboxDeps,
  mailer: Mailer,
  mail: TakenMail,
): Promise<'sent' | 'refused' | 'server away'> {
  try {
    const { refused } = await mailer.send(mail)
    await recordSent(db, mail)
    if (refused.length > 0)
      logger.warn({ mail_id: mail.id, refused: refused.length }, 'the mail server took a letter for some addresses only')
    logger.info({ mail_id: mail.id }, 'mail sent')
    return 'sent'
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    const retryMs = retryAfter(mail)
    await recordNotSent(db, mail, { reason: error.message, retryMs })
    const fields = { mail_id: mail.id, reason: error.message, attempt: mail.attempts + 1 }
    if (retryMs === undefined) logger.error(fields, 'mail given up: it could not be sent for three days')
    else logger.warn(fields, 'mail not sent; it is tried again later')
    return error.serverAway ? 'server away' : 'refused'
  }
}

function retryAfter({ attempts, ageMs }: TakenMail): number | undefined {
  if (ageMs > GIVE_UP_MS) return undefined
  return Math.min(MINUTE_MS * 2 ** Math.min(attempts, 30), HOUR_MS)
}
