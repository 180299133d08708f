import type { Config } from './config-schema.ts'
import type { RuleFinding } from './rule-finding.ts'

const ADDRESS = /^(?:[^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/

/** Rules of the mail server. */
export function* notificationRules({ notifications: { smtp } }: Config): Generator<RuleFinding> {
  if (smtp.host !== '' && !ADDRESS.test(smtp.from)) {
    yield {
      keys: ['notifications.smtp.from', 'notifications.smtp.host'],
      problem: 'must be an e-mail address when "notifications.smtp.host" is set',
    }
  }
  if ((smtp.username === '') !== (smtp.password === '')) {
    const missing = smtp.username === '' ? 'username' : 'password'
    const given = smtp.username === '' ? 'password' : 'username'
    yield {
      keys: [`notifications.smtp.${missing}`, `notifications.smtp.${given}`],
      problem: `is needed when "notifications.smtp.${given}" is set`,
    }
  }
}
