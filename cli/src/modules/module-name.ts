import { AddressError } from '@terrace/protocol/addresses.ts'
import { formatModuleAddress, type ModuleAddress, parseModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { usageError } from '../cli-error.ts'

/** A module as it is named on the command line. */
export interface NamedModule {
  readonly address: ModuleAddress
  /** Canonical; `undefined` when none was named. */
  readonly version: string | undefined
}

/** A version that must be there. */
export type NamedModuleVersion = NamedModule & { readonly version: string }

/**
 * Reads `[HOST/]NAMESPACE/NAME/SYSTEM[@VERSION]`, and a version that follows as a word of its own.
 * @throws {CliError} exit code 2, also for the host of another server.
 */
export function readModuleName(text: string, version: string | undefined, serverUrl: string): NamedModule {
  const [name = '', inText, ...more] = text.split('@')
  if (more.length > 0 || (inText !== undefined && version !== undefined)) {
    throw usageError(`Cannot read module "${text}": a version is named twice`, 'Write it as in acme/vpc/aws 1.2.0')
  }
  const named = inText ?? version
  return { address: readAddress(name, serverUrl), version: named === undefined ? undefined : readVersion(named) }
}

/** The same where a version is needed. @throws {CliError} exit code 2 */
export function readModuleVersionName(text: string, version: string | undefined, serverUrl: string): NamedModuleVersion {
  const named = readModuleName(text, version, serverUrl)
  if (named.version !== undefined) return { ...named, version: named.version }
  throw usageError(`Cannot choose a version of "${text}": none is named`, `Write it behind: ${text} 1.2.0`)
}

/** A version in canonical form: `v1.2` is `1.2.0`. @throws {CliError} exit code 2 */
export function readVersion(text: string): string {
  const version = canonicalVersion(text, { allowV: true })
  if (version !== undefined) return version
  throw usageError(`Cannot read version "${text}": it is not a semantic version`, 'A version looks like 1.2.3 or 1.2.3-rc.1')
}

/** What people call it: `acme/vpc/aws 1.2.0`. */
export function nameOf({ address, version }: NamedModule): string {
  return version === undefined ? formatModuleAddress(address) : `${formatModuleAddress(address)} ${version}`
}

/** The address that a configuration uses. */
export function moduleSource(address: ModuleAddress, serverUrl: string): string {
  return `${new URL(serverUrl).host}/${formatModuleAddress(address)}`
}

/**
 * Why Terraform refuses `moduleSource` as it is: it asks by https only, and takes a host without a dot for a folder or a mistake.
 * `undefined` when it takes it. Source: protocol.md B90.
 */
export function sourceRefusal(serverUrl: string): string | undefined {
  const { protocol, host } = new URL(serverUrl)
  if (!host.includes('.')) return `the host name "${host}" has no dot`
  return protocol === 'https:' ? undefined : `"${host}" is an http address, and Terraform asks by https only`
}

function readAddress(text: string, serverUrl: string): ModuleAddress {
  const parts = text.split('/')
  const host = parts.length === 4 ? parts.shift()?.toLowerCase() : undefined
  if (host !== undefined && host !== new URL(serverUrl).host) {
    throw usageError(`Cannot use module "${text}": it is not on ${serverUrl}`, `Name its server: --server https://${host}`)
  }
  try {
    return parseModuleAddress(parts.join('/'))
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    throw usageError(`Cannot read module "${text}": ${error.reason}`, 'A module is named as in acme/vpc/aws')
  }
}
