import { expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'

const load = (env: Record<string, string>) => loadConfig({ env, cwd: '/srv' })
const SMTP = { TFR_NOTIFICATIONS_SMTP_HOST: 'mail.example.com', TFR_NOTIFICATIONS_SMTP_FROM: 'Registry <registry@example.com>' }

test('a mail server has STARTTLS on port 587 where nothing else is said', async () => {
  const { config } = await load(SMTP)
  expect(config.notifications).toMatchObject({
    smtp: { host: 'mail.example.com', port: 587, tls: 'starttls' },
    apiKeyExpiry: { enabled: true, warningDays: 7, checkIntervalHours: 24 },
  })
})

test.each([
  ['a host without a sender', { TFR_NOTIFICATIONS_SMTP_HOST: 'mail.example.com' }, 'notifications.smtp.from'],
  ['a sender that is no address', { ...SMTP, TFR_NOTIFICATIONS_SMTP_FROM: 'registry' }, 'notifications.smtp.from'],
  ['a sender with a second line', { ...SMTP, TFR_NOTIFICATIONS_SMTP_FROM: 'a@example.com\nBcc: b@example.com' }, 'notifications.smtp.from'],
  ['a user name without a password', { ...SMTP, TFR_NOTIFICATIONS_SMTP_USERNAME: 'terrace' }, 'notifications.smtp.password'],
  ['a recipient that is no address', { ...SMTP, TFR_NOTIFICATIONS_RECIPIENTS: 'ops@example.com,ops' }, 'notifications.recipients'],
  ['mail in clear', { ...SMTP, TFR_NOTIFICATIONS_SMTP_TLS: 'none' }, 'notifications.smtp.tls'],
])('%s is refused', async (_what, env, key) => {
  await expect(load(env)).rejects.toThrow(key)
})

test('a password without a user name is pointed out, without being shown', async () => {
  const { warnings } = await load({ ...SMTP, TFR_NOTIFICATIONS_SMTP_PASSWORD: 'canary' })
  expect(JSON.stringify(warnings)).toContain('notifications.smtp.password')
  expect(JSON.stringify(warnings)).not.toContain('canary')
})

test('recipients without a mail server are pointed out', async () => {
  const { config, warnings } = await load({ TFR_NOTIFICATIONS_RECIPIENTS: 'ops@example.com,boss@example.com' })
  expect(config.notifications.recipients).toEqual(['ops@example.com', 'boss@example.com'])
  expect(JSON.stringify(warnings)).toContain('notifications.recipients')
})
