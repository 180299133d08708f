import { type Static, Type } from 'typebox'
import { AddressError } from './addresses.ts'

const NAME = '[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?'
const SYSTEM = '[0-9a-z]{1,64}'
const NAME_PATTERN = new RegExp(`^${NAME}$`)
const SYSTEM_PATTERN = new RegExp(`^${SYSTEM}$`)

/**
 * A module's name. Namespace and name keep their case, as the clients send it; two spellings that differ only in case mean one
 * module, see {@link moduleKey}. Source: protocol.md 2.1.
 */
export const ModuleAddress = Type.Object({
  namespace: Type.String({ pattern: NAME_PATTERN.source }),
  name: Type.String({ pattern: NAME_PATTERN.source }),
  system: Type.String({ pattern: SYSTEM_PATTERN.source }),
})
export type ModuleAddress = Static<typeof ModuleAddress>

/**
 * Reads `NAMESPACE/NAME/SYSTEM`.
 * @throws {AddressError}
 */
export function parseModuleAddress(text: string): ModuleAddress {
  const parts = text.split('/')
  if (parts.length !== 3) throw new AddressError(text, `it has ${parts.length} parts, not NAMESPACE/NAME/SYSTEM`)
  const [namespace = '', name = '', system = ''] = parts
  return parseModulePathParts({ namespace, name, system })
}

/**
 * The address that the parameters of a request path name.
 * @throws {AddressError}
 */
export function parseModulePathParts({ namespace, name, system }: ModuleAddress): ModuleAddress {
  const text = `${namespace}/${name}/${system}`
  if (!NAME_PATTERN.test(namespace)) throw new AddressError(text, badName('namespace'))
  if (!NAME_PATTERN.test(name)) throw new AddressError(text, badName('name'))
  if (!SYSTEM_PATTERN.test(system)) throw new AddressError(text, 'the system is not 1 to 64 lower-case letters and digits')
  return { namespace, name, system }
}

function badName(part: string): string {
  return `the ${part} is not 1 to 64 letters, digits, "-" and "_" that begin and end with a letter or digit`
}

/** `NAMESPACE/NAME/SYSTEM`, in the case it is written in. */
export function formatModuleAddress({ namespace, name, system }: ModuleAddress): string {
  return `${namespace}/${name}/${system}`
}

/** What two spellings of one module have in common. Source: protocol.md M-7. */
export function moduleKey({ namespace, name, system }: ModuleAddress): ModuleAddress {
  return { namespace: namespace.toLowerCase(), name: name.toLowerCase(), system }
}
