import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'
import type { Mail } from '../../base/mail/mailer.ts'
import { queueMail } from '../../base/mail/outbox.ts'
import { type ExpiringKey, listExpiringKeys, markWarned } from './expiring-key-queries.ts'

/** What warnings need of the server. */
export interface KeyExpiryDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly config: Pick<Deps['config'], 'notifications'> & { readonly server: Pick<Deps['config']['server'], 'publicUrl'> }
}

const DAY_MS = 24 * 3_600_000
const BATCH = 100

/**
 * Writes to the owners of keys that end soon; answers how many letters it has put into the outbox, from where they are sent. Each key is
 * warned about once, however many replicas look at the same time: mark and letter are one transaction.
 */
export async function warnAboutExpiry(deps: KeyExpiryDeps): Promise<number> {
  const { smtp, apiKeyExpiry } = deps.config.notifications
  if (!apiKeyExpiry.enabled || smtp.host === '') return 0
  const at = deps.clock.now()
  let written = 0
  for await (const key of expiringKeys(deps, at)) {
    if (await warnOwner(deps, { key, at })) written += 1
  }
  return written
}

async function* expiringKeys({ database, config }: KeyExpiryDeps, now: UnixMs): AsyncGenerator<ExpiringKey> {
  const until = now + config.notifications.apiKeyExpiry.warningDays * DAY_MS
  for (let after: string | undefined = ''; after !== undefined; ) {
    const keys: ExpiringKey[] = await listExpiringKeys(database.db, { now, until, after, limit: BATCH })
    yield* keys
    after = keys.at(-1)?.id
  }
}

/** `false` when another replica did, or the key has changed since it was read. */
async function warnOwner(
  { database: { db }, logger, config }: KeyExpiryDeps,
  { key, at }: { readonly key: ExpiringKey; readonly at: UnixMs },
): Promise<boolean> {
  const written = await db.transaction().execute(async (tx) => {
    if (!(await markWarned(tx, key, at))) return false
    await queueMail(tx, composeWarning(key, config.server.publicUrl))
    return true
  })
  if (written) logger.info({ key_id: key.id, prefix: key.prefix }, 'wrote to the owner of an API key that it ends soon')
  return written
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
    to: email === null ? [] : [email],
    subject: `API key "${name}" ends on ${end}`,
    text: `${text.join('\n')}\n`,
    id: `api-key-expiry.${id}.${expiresAt ?? 0}`,
  }
}
