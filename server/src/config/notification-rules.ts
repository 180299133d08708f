import type { Config } from './config-schema.ts'
import type { RuleFinding } from './rule-finding.ts'

const ADDRESS = /^(?:[^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/

const RECIPIENT = /^[^\s<>@,]+@[^\s<>@,]+$/

/** Rules of the mail server, and of whom it writes to. */
export function* notificationRules({ notifications: { smtp, recipients } }: Config): Generator<RuleFinding> {
  if (!recipients.every((address) => RECIPIENT.test(address))) {
    yield { keys: ['notifications.recipients'], problem: 'must hold e-mail addresses: `ops@example.com`' }
  }
  if (recipients.length > 0 && smtp.host === '') {
    yield { keys: ['notifications.recipients'], problem: 'has no effect without "notifications.smtp.host"', warning: true }
  }
  if (smtp.host !== '' && !ADDRESS.test(smtp.from)) {
    yield {
      keys: ['notifications.smtp.from', 'notifications.smtp.host'],
      problem: 'must be an e-mail address when "notifications.smtp.host" is set',
    }
  }
  if (smtp.username !== '' && smtp.password === '') {
    yield {
      keys: ['notifications.smtp.password', 'notifications.smtp.username'],
      problem: 'is needed when "notifications.smtp.username" is set',
    }
  }
  if (smtp.username === '' && smtp.password !== '') {
    yield { keys: ['notifications.smtp.password'], problem: 'has no effect without "notifications.smtp.username"', warning: true }
  }
}
