import { RegistryError } from '../../base/errors.ts'

// Modules and providers share namespaces; this is what both protocols accept.
const FORM = /^[0-9a-z](?:[0-9a-z_-]{0,62}[0-9a-z])?$/

/** Words of our own routes below `/v1/modules/`. */
const RESERVED = new Set(['search', 'upstream'])

/**
 * A name for a new namespace, in lower case.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseNamespaceName(text: string): string {
  const name = text.trim().toLowerCase()
  if (!FORM.test(name)) throw refused(text, 'it is not a name')
  if (RESERVED.has(name)) throw refused(text, 'the name is reserved')
  return name
}

function refused(text: string, state: string): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot use namespace "${text}": ${state}`, {
    hint: 'A name has 1 to 64 letters, digits, "-" and "_", begins and ends with a letter or digit, and is not a word of the server',
    detail: { reserved: [...RESERVED] },
  })
}
