import { type Constraint, ConstraintError, parseConstraints } from '@terrace/protocol/constraints.ts'
import { formatPlatform, type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type LockAddress, readLockAddress } from './lock-address.ts'

/** A provider that has to be in the lock file. */
export interface Requirement {
  readonly address: LockAddress
  /** All must hold; none: any version. */
  readonly constraints: readonly Constraint[]
}

/**
 * Providers with their constraints, as texts.
 * @throws {RegistryError} INVALID_ADDRESS, BAD_REQUEST
 */
export function readRequirement({ source, version }: { readonly source: string; readonly version: string }, own: string): Requirement {
  return { address: readLockAddress(source, own), constraints: version.trim() === '' ? [] : readConstraints(source, version) }
}

function readConstraints(source: string, version: string): Constraint[] {
  try {
    return parseConstraints(version)
  } catch (error) {
    throw error instanceof ConstraintError ? invalidConstraint(source, error) : error
  }
}

function invalidConstraint(source: string, cause: ConstraintError): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot lock ${quote(source)}: ${cause.message}`, { hint: 'Constraints look like ~> 1.2', cause })
}

/** The same provider once, with the constraints of all who require it. */
export function mergeRequirements(requirements: readonly Requirement[]): Requirement[] {
  const merged = new Map<string, Requirement>()
  for (const { address, constraints } of requirements) {
    const key = `${address.hostname}/${address.namespace}/${address.type}`
    merged.set(key, { address, constraints: [...(merged.get(key)?.constraints ?? []), ...constraints] })
  }
  return [...merged.values()]
}

/** @throws {RegistryError} BAD_REQUEST for what is no platform. */
export function readPlatforms(texts: readonly string[]): Platform[] {
  const platforms = new Map<string, Platform>()
  for (const text of texts) {
    const platform = parsePlatform(text)
    if (platform === undefined) throw unknownPlatform(text)
    platforms.set(formatPlatform(platform), platform)
  }
  return [...platforms.values()]
}

function unknownPlatform(text: string): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot lock for ${quote(text)}: it is no platform`, {
    hint: 'A platform looks like linux_amd64',
  })
}
