import { RegistryError } from '../../base/errors.ts'

const USERNAME = /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/

/**
 * The user name as it is stored: lower case.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseUsername(text: string): string {
  const username = text.trim().toLowerCase()
  if (USERNAME.test(username)) return username
  throw new RegistryError('RULE_BROKEN', 'Cannot use the user name: it does not have the form of one', {
    hint: 'Take 1 to 64 letters, digits and ".", "_", "@", "-", with a letter or digit at both ends',
  })
}
