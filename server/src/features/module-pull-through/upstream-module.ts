import { AddressError, parseHostname } from '@terrace/protocol/addresses.ts'
import { formatModuleAddress, moduleKey, parseModulePathParts } from '@terrace/protocol/module-addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'
import type { UpstreamModule } from '../upstreams/index.ts'

/** A version of a module of an upstream. */
export interface ModuleIdentity {
  readonly module: UpstreamModule
  /** Canonical. */
  readonly version: string
}

/** `HOST/NAMESPACE/NAME/SYSTEM`, in the case it is written in. */
export function formatUpstreamModule(module: UpstreamModule): string {
  return `${module.hostname}/${formatModuleAddress(module)}`
}

/** The same for all spellings of a module (protocol.md M-7). */
export function keyOfModule(module: UpstreamModule): string {
  return `${module.hostname}/${formatModuleAddress(moduleKey(module))}`
}

/** `HOST/NAMESPACE/NAME/SYSTEM VERSION`, the same for all spellings. */
export function keyOfVersion({ module, version }: ModuleIdentity): string {
  return `${keyOfModule(module)} ${version}`
}

/** For messages: `"HOST/NAMESPACE/NAME/SYSTEM" "VERSION"`. */
export function displayIdentity({ module, version }: ModuleIdentity): string {
  return `"${formatUpstreamModule(module)}" "${version}"`
}

/** Reads an address out of a path. @throws {RegistryError} INVALID_ADDRESS */
export function readUpstreamModule(params: UpstreamModule): UpstreamModule {
  try {
    return { ...parseModulePathParts(params), hostname: parseHostname(params.hostname) }
  } catch (error) {
    throw error instanceof AddressError ? invalidAddress(params, error) : error
  }
}

function invalidAddress(params: UpstreamModule, cause: AddressError): RegistryError {
  const { hostname, namespace, name, system } = params
  return new RegistryError('INVALID_ADDRESS', `Cannot read module "${hostname}/${namespace}/${name}/${system}": ${cause.reason}`, {
    hint: 'A module address is HOST/NAMESPACE/NAME/SYSTEM',
    cause,
  })
}

/** Reads a version out of a path. @throws {RegistryError} INVALID_VERSION */
export function readModuleVersion(text: string): string {
  const version = canonicalVersion(text)
  if (version !== undefined) return version
  throw new RegistryError('INVALID_VERSION', `Cannot read version "${text}": it is not a semantic version`, {
    hint: 'A version looks like 1.2.3 or 1.2.3-rc.1',
  })
}
