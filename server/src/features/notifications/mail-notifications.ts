import type { Deps } from '../../base/deps.ts'
import type { Mail } from '../../base/mail/mailer.ts'
import { queueMail } from '../../base/mail/outbox.ts'
import { listUnmailed, markMailed, type NotificationRow } from './notification-queries.ts'

/** What letters need of the server. */
export interface NotificationMailDeps extends Pick<Deps, 'database' | 'clock'> {
  readonly config: Pick<Deps['config'], 'notifications'> & { readonly server: Pick<Deps['config']['server'], 'publicUrl'> }
}

/** What is older was written while nobody could be written to: the list has it. */
const NEWS_MS = 24 * 3_600_000
const BATCH = 100

/**
 * Puts one letter into the outbox for each notification that has none, to all of `notifications.recipients`; answers how many. Letter and
 * mark are one transaction: no notification has two letters, and none is forgotten.
 */
export async function mailNotifications({ database: { db }, clock, config }: NotificationMailDeps): Promise<number> {
  const { smtp, recipients } = config.notifications
  if (smtp.host === '' || recipients.length === 0) return 0
  const at = clock.now()
  let written = 0
  for (const row of await listUnmailed(db, { since: at - NEWS_MS, limit: BATCH })) {
    const isFirst = await db.transaction().execute(async (tx) => {
      if (!(await markMailed(tx, row.id, at))) return false
      await queueMail(tx, composeLetter(row, { to: recipients, publicUrl: config.server.publicUrl }))
      return true
    })
    if (isFirst) written += 1
  }
  return written
}

function composeLetter(
  { id, subject, message, hint, createdAt }: NotificationRow,
  { to, publicUrl }: { readonly to: readonly string[]; readonly publicUrl: string },
): Mail {
  const at = `${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const place = publicUrl === '' ? '' : ` on ${publicUrl}`
  const text = [`${message}.`, '', `${hint}.`, '', `This is notification ${id} of ${at}${place}.`]
  return { to, subject: oneLine(`Terrace: ${subject}`), text: `${text.join('\n')}\n`, id: `notification.${id}` }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200)
}
