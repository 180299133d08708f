import { RegistryError } from '../../base/errors.ts'

const FORM = /^[0-9a-z](?:[0-9a-z_-]{0,62}[0-9a-z])?$/
const HINT = 'A name has 1 to 64 letters, digits, "-" and "_", and begins and ends with a letter or digit'

/** Words that addresses of pages and routes need for themselves, or that would be taken for the registry as a whole. */
const RESERVED = new Set(['all', 'me', 'new', 'none', 'registry', 'search', 'self', 'system', 'terrace'])

/**
 * A name for a new organisation, in lower case.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseOrganizationName(text: string): string {
  const name = parseName(text, 'organisation')
  if (!RESERVED.has(name)) return name
  throw new RegistryError('RULE_BROKEN', `Cannot use organisation "${text}": the name is reserved`, {
    hint: 'Use another name',
    detail: { reserved: [...RESERVED] },
  })
}

/**
 * A name for a role template, in lower case.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseRoleName(text: string): string {
  return parseName(text, 'role')
}

function parseName(text: string, what: string): string {
  const name = text.trim().toLowerCase()
  if (FORM.test(name)) return name
  throw new RegistryError('RULE_BROKEN', `Cannot use ${what} "${text}": it is not a name`, { hint: HINT })
}
