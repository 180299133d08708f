import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../../base/database/open-database.ts'
import { newId } from '../../base/ids.ts'
import { deliverMails } from '../../base/mail/outbox.ts'
import { loadConfig } from '../../config/load-config.ts'
import { DIALECTS, type Dialect, openTestDatabase } from '../../testing/dialects.ts'
import { testClock, testLog } from '../../testing/test-edge.ts'
import { startTestMailServer, type TestMailServer } from '../../testing/test-mail-server.ts'
import { type KeyExpiryDeps, warnAboutExpiry } from './index.ts'

const DAY_MS = 24 * 3_600_000

let mail: TestMailServer
beforeEach(async () => {
  mail = await startTestMailServer()
})
afterEach(() => mail.close())

/** A database with `mia`, who has an e-mail address, and settings for the mail server. */
async function openKeys(dialect: Dialect, env: Readonly<Record<string, string>> = {}) {
  const database = await openTestDatabase(dialect)
  const clock = testClock()
  const log = testLog()
  const smtp = {
    TFR_NOTIFICATIONS_SMTP_HOST: 'localhost',
    TFR_NOTIFICATIONS_SMTP_PORT: String(mail.port),
    TFR_NOTIFICATIONS_SMTP_FROM: 'registry@example.com',
    TFR_NOTIFICATIONS_SMTP_CA_FILE: mail.caFile,
    TFR_SERVER_PUBLIC_URL: 'https://registry.example.com',
  }
  const { config } = await loadConfig({ env: { ...smtp, ...env }, cwd: '/' })
  const deps: KeyExpiryDeps = { database, clock, logger: log.logger, config }
  const { db } = database
  const addUser = async (username: string, values: { email?: string | null; disabledAt?: number } = {}) => {
    const id = newId()
    const row = { id, username, scopes: '[]', createdAt: clock.now(), email: `${username}@example.com`, disabledAt: null, ...values }
    await db.insertInto('users').values(row).execute()
    return id
  }
  const mia = await addUser('mia')
  const addKey = async (values: { name?: string; days?: number | null; userId?: string | null; revokedAt?: number } = {}) => {
    const { name = 'nightly', days = 3, userId = mia, revokedAt = null } = values
    const expiresAt = days === null ? null : clock.now() + days * DAY_MS
    const id = newId()
    const row = {
      id,
      userId,
      name,
      prefix: 'tfr_abcdef',
      keyHash: `hash of ${id}`,
      scopes: '[]',
      createdAt: clock.now(),
      expiresAt,
      revokedAt,
    }
    await db.insertInto('apiKeys').values(row).execute()
    return id
  }
  return { database, deps, clock, log, db, addUser, addKey }
}

describe.each(DIALECTS)('warnings about API keys on %s', (dialect) => {
  test('the owner is told which key ends when, and how to replace it', async () => {
    const { deps, addKey } = await openKeys(dialect)
    const id = await addKey()
    expect(await warnAboutExpiry(deps)).toBe(1)
    expect(await deliverMails(deps)).toEqual({ sent: 1, failed: 0 })
    expect(mail.received).toMatchObject([{ from: 'registry@example.com', to: ['mia@example.com'], secure: true }])
    const { message = '' } = mail.received[0] ?? {}
    for (const part of ['"nightly"', 'tfr_abcdef', '2026-01-05 03:04 UTC', `terrace key rotate ${id}`, 'https://registry.example.com']) {
      expect(message.replaceAll('=\r\n', '').replaceAll('=3D', '=')).toContain(part)
    }
    expect(message).not.toContain('hash of')
  })

  test('a key is warned about once', async () => {
    const { deps, addKey, clock } = await openKeys(dialect)
    await addKey()
    await warnAboutExpiry(deps)
    await deliverMails(deps)
    clock.advance(DAY_MS)
    expect(await warnAboutExpiry(deps)).toBe(0)
    await deliverMails(deps)
    expect(mail.received).toHaveLength(1)
  })

  test('of replicas that look at the same time one writes', async () => {
    const { deps, addKey, database } = await openKeys(dialect)
    for (let count = 0; count < 5; count += 1) await addKey()
    const replicas = [openDatabase(database.options), openDatabase(database.options)]
    const rounds = await Promise.all([database, ...replicas].map((open) => warnAboutExpiry({ ...deps, database: open })))
    for (const replica of replicas) await replica.close()
    expect(rounds.reduce((sum, written) => sum + written, 0)).toBe(5)
    expect(await deliverMails(deps)).toEqual({ sent: 5, failed: 0 })
  })

  test('keys that have time, have ended, are revoked or have nobody to write to are left alone', async () => {
    const { deps, db, addKey, addUser } = await openKeys(dialect)
    await addKey({ days: 8 })
    await addKey({ days: -1 })
    await addKey({ days: null })
    await addKey({ revokedAt: 1 })
    await addKey({ userId: null })
    await addKey({ userId: await addUser('tom', { email: null }) })
    await addKey({ userId: await addUser('ann', { disabledAt: 1 }) })
    expect(await warnAboutExpiry(deps)).toBe(0)
    expect(await db.selectFrom('mails').select('id').execute()).toEqual([])
  })

  test('the time before the end is a setting', async () => {
    const { deps, addKey } = await openKeys(dialect, { TFR_NOTIFICATIONS_API_KEY_EXPIRY_WARNING_DAYS: '30' })
    await addKey({ days: 29 })
    expect(await warnAboutExpiry(deps)).toBe(1)
  })

  test('no secret is in the outbox or the log', async () => {
    const { deps, db, addKey, log } = await openKeys(dialect, {
      TFR_NOTIFICATIONS_SMTP_USERNAME: 'terrace',
      TFR_NOTIFICATIONS_SMTP_PASSWORD: 'canary',
    })
    await addKey()
    await warnAboutExpiry(deps)
    await mail.close()
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 1 })
    const kept = JSON.stringify(await db.selectFrom('mails').selectAll().execute())
    expect(`${kept} ${log.lines.join('\n')}`).not.toMatch(/canary|hash of/)
    mail = await startTestMailServer()
  })

  // A process that dies in between leaves neither a marked key without a letter nor a letter for a key that is not marked.
  test('mark and letter are written together', async () => {
    const { deps, db, addKey } = await openKeys(dialect)
    const id = await addKey()
    const expiresAt = deps.clock.now() + 3 * DAY_MS
    await warnAboutExpiry(deps)
    const marks = () => db.selectFrom('apiKeys').select('expiryNotificationSentAt').where('id', '=', id).executeTakeFirstOrThrow()
    expect(await db.selectFrom('mails').select('id').execute()).toEqual([{ id: `api-key-expiry.${id}.${expiresAt}` }])
    expect(await marks()).toEqual({ expiryNotificationSentAt: deps.clock.now() })
    await db.deleteFrom('mails').execute()
    await db.updateTable('apiKeys').set({ expiryNotificationSentAt: null }).execute()
    await db.schema.alterTable('mails').renameTo('away').execute()
    await expect(warnAboutExpiry(deps)).rejects.toThrow()
    expect(await marks()).toEqual({ expiryNotificationSentAt: null })
  })

  test.each([
    ['switched off', { TFR_NOTIFICATIONS_API_KEY_EXPIRY_ENABLED: 'false' }],
    ['without a mail server', { TFR_NOTIFICATIONS_SMTP_HOST: '', TFR_NOTIFICATIONS_SMTP_FROM: '' }],
  ])('%s, nothing is sent or marked', async (_what, env) => {
    const { deps, addKey, db } = await openKeys(dialect, env)
    await addKey()
    expect(await warnAboutExpiry(deps)).toBe(0)
    expect(await db.selectFrom('apiKeys').select('expiryNotificationSentAt').execute()).toEqual([{ expiryNotificationSentAt: null }])
  })
})
