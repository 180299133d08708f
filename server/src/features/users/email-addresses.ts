import { RegistryError } from '../../base/errors.ts'

const FORM = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u
const MAX_LENGTH = 254

/**
 * An e-mail address as it is stored: lower case.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseEmailAddress(text: string): string {
  const email = text.trim().toLowerCase()
  if (email.length <= MAX_LENGTH && FORM.test(email)) return email
  throw new RegistryError('RULE_BROKEN', `Cannot use the e-mail address "${text}": it does not have the form of one`)
}
