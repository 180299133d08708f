import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Db } from '../../base/database/open-database.ts'
import { providerPackageKey } from '../../base/storage/object-keys.ts'
import { type ObjectClaims, type ObjectOwner, storeObjects } from '../intake/index.ts'
import { findPlatformByStorageKey } from './provider-queries.ts'

/** A package that has passed every check and lies in the spool. */
export interface VerifiedPackage {
  readonly platform: Platform
  readonly filename: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex of the zip. */
  readonly sha256: string
  readonly h1: string
  readonly zh: string
  readonly upstreamUrl: string | null
  /** JSON: what of the verification an administrator has let pass; default: nothing. */
  readonly acceptedFindings?: string | null
}

interface PackagesToStore {
  readonly address: ProviderAddress
  readonly version: string
  readonly packages: readonly VerifiedPackage[]
  /** Makes the packages visible. */
  commit(tx: Db): Promise<void>
}

/** Storage key of one package (C20). */
export function storageKeyOf(
  { address, version }: { readonly address: ProviderAddress; readonly version: string },
  { platform, filename }: Pick<VerifiedPackage, 'platform' | 'filename'>,
): string {
  return providerPackageKey(address, version, { platform, filename })
}

/**
 * Stores verified packages, while their claims are held, and makes them visible.
 * @throws {RegistryError} PUBLISH_IN_PROGRESS when the claims were lost, STORAGE_FULL
 */
export function storePackages(deps: Parameters<typeof storeObjects>[0], claims: ObjectClaims, input: PackagesToStore): Promise<void> {
  return storeObjects(deps, claims, {
    objects: input.packages.map((item) => ({ key: storageKeyOf(input, item), path: item.path, size: item.size, sha256: item.sha256 })),
    isOwned: async (db, key) => (await findPlatformByStorageKey(db, key))?.damagedAt === null,
    commit: input.commit,
  })
}

/** The stored packages, for the sweeper. */
export const packageObjects: ObjectOwner = {
  prefix: 'providers/',
  isOwned: async (db, key) => (await findPlatformByStorageKey(db, key)) !== undefined,
}
