import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'
import { createMailer, type Mail, MailError, type Mailer } from '../../base/mail/mailer.ts'
import { type ExpiringKey, listExpiringKeys, returnWarning, takeWarning } from './expiring-key-queries.ts'

/** What warnings need of the server. */
export interface KeyExpiryDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly config: Pick<Deps['config'], 'notifications'> & { readonly server: Pick<Deps['config']['server'], 'publicUrl'> }
}

/** What a round of warnings came to. */
export interface WarningRound {
  readonly sent: number
  readonly failed: number
}

const DAY_MS = 24 * 3_600_000
const BATCH = 100

/**
 * Writes to the owners of keys that end soon. Each key is warned about once, however many replicas look at the same time: who takes
 * it on is decided by one conditional update, before the letter is sent. A letter that could not be sent is tried again in the next
 * round; when the mail server cannot be used at all, the round ends.
 */
export async function warnAboutExpiry(deps: KeyExpiryDeps): Promise<WarningRound> {
  const { smtp, apiKeyExpiry } = deps.config.notifications
  const round = { sent: 0, failed: 0 }
  if (!apiKeyExpiry.enabled || smtp.host === '') return round
  const mailer = createMailer(smtp)
  const at = deps.clock.now()
  for await (const key of expiringKeys(deps, at)) {
    const outcome = await warnOwner(deps, mailer, { key, at })
    if (outcome === 'sent') round.sent += 1
    else if (outcome !== 'taken') round.failed += 1
    if (outcome === 'server away') break
  }
  return round
}

async function* expiringKeys({ database, config }: KeyExpiryDeps, now: UnixMs): AsyncGenerator<ExpiringKey> {
  const until = now + config.notifications.apiKeyExpiry.warningDays * DAY_MS
  for (let after: string | undefined = ''; after !== undefined; ) {
    const keys: ExpiringKey[] = await listExpiringKeys(database.db, { now, until, after, limit: BATCH })
    yield* keys
    after = keys.at(-1)?.id
  }
}

type Outcome = 'sent' | 'taken' | 'refused' | 'server away'

async function warnOwner(
  { database: { db }, logger, config }: KeyExpiryDeps,
  mailer: Mailer,
  { key, at }: { readonly key: ExpiringKey; readonly at: UnixMs },
): Promise<Outcome> {
  if (!(await takeWarning(db, key, at))) return 'taken'
  try {
    await mailer.send(composeWarning(key, config.server.publicUrl))
    logger.info({ key_id: key.id, prefix: key.prefix }, 'warned the owner of an API key that it ends soon')
    return 'sent'
  } catch (error) {
    await returnWarning(db, key.id, at)
    if (!(error instanceof MailError)) throw error
    logger.warn({ key_id: key.id, reason: error.message }, 'the warning about an API key was not sent; it is tried again later')
    return error.serverAway ? 'server away' : 'refused'
  }
}

/** The letter. It names the key by what lists show of it; nothing in it lets anybody sign in. */
function composeWarning({ id, name, prefix, expiresAt, username, email }: ExpiringKey, publicUrl: string): Mail {
  const end = `${new Date(expiresAt ?? 0).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const server = publicUrl === '' ? '' : ` --server ${publicUrl}`
  const text = [
    `Hello ${username},`,
    '',
    `your API key "${name}" (it begins with ${prefix}) ends on ${end}.`,
    ...(publicUrl === '' ? [] : [`It is a key of ${publicUrl}.`]),
    '',
    'To replace it, with a day in which both keys work:',
    '',
    `  terrace key rotate ${id} --grace 24h${server}`,
    '',
    'To let it live longer:',
    '',
    `  terrace key edit ${id} --expires 90d${server}`,
    '',
    'When you need it no more, do nothing: it ends by itself.',
  ]
  return {
    to: email ?? '',
    subject: `API key "${name}" ends on ${end}`,
    text: `${text.join('\n')}\n`,
    id: `api-key-expiry.${id}.${expiresAt ?? 0}`,
  }
}
