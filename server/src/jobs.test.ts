import { expect, onTestFinished, test, vi } from 'vitest'
import { newId } from './base/ids.ts'
import { startSchedules } from './jobs.ts'
import { testApp } from './testing/test-app.ts'
import { startTestMailServer } from './testing/test-mail-server.ts'

const DAY_MS = 24 * 3_600_000

test('owners of keys that end soon are written to by the clock', async () => {
  const mail = await startTestMailServer()
  onTestFinished(() => mail.close())
  const app = await testApp('sqlite', {
    TFR_NOTIFICATIONS_SMTP_HOST: 'localhost',
    TFR_NOTIFICATIONS_SMTP_PORT: String(mail.port),
    TFR_NOTIFICATIONS_SMTP_FROM: 'registry@example.com',
    TFR_NOTIFICATIONS_SMTP_CA_FILE: mail.caFile,
  })
  const { db } = app.deps.database
  const [userId, createdAt] = [newId(), app.deps.clock.now()]
  await db.insertInto('users').values({ id: userId, username: 'mia', email: 'mia@example.com', scopes: '[]', createdAt }).execute()
  const key = {
    id: newId(),
    userId,
    name: 'nightly',
    prefix: 'tfr_abcdef',
    keyHash: 'x',
    scopes: '[]',
    createdAt,
    expiresAt: createdAt + DAY_MS,
  }
  await db.insertInto('apiKeys').values(key).execute()
  const schedules = startSchedules(app.deps)
  onTestFinished(() => schedules.stop())
  await vi.waitFor(() => expect(mail.received).toMatchObject([{ to: ['mia@example.com'] }]), { timeout: 10_000 })
})
