import { AddressError } from '@terrace/protocol/addresses.ts'
import { type ModuleAddress, parseModulePathParts } from '@terrace/protocol/module-addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'

/** Reads a module address out of a path or form. @throws {RegistryError} INVALID_ADDRESS */
export function readModuleAddress(parts: ModuleAddress): ModuleAddress {
  try {
    return parseModulePathParts(parts)
  } catch (error) {
    throw error instanceof AddressError ? invalidAddress(parts, error) : error
  }
}

function invalidAddress({ namespace, name, system }: ModuleAddress, cause: AddressError): RegistryError {
  return new RegistryError('INVALID_ADDRESS', `Cannot read module "${namespace}/${name}/${system}": ${cause.reason}`, {
    hint: 'A module address is NAMESPACE/NAME/SYSTEM',
    cause,
  })
}

/** Reads a version out of a path; `1.0` is read as `1.0.0`. @throws {RegistryError} INVALID_VERSION */
export function readModuleVersion(text: string): string {
  const version = canonicalVersion(text)
  if (version !== undefined) return version
  throw new RegistryError('INVALID_VERSION', `Cannot read version "${text}": it is not a semantic version`, {
    hint: 'A version looks like 1.2.3 or 1.2.3-rc.1',
  })
}
