import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Database, Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { providerPackageKey } from '../../base/storage/object-keys.ts'
import type { ObjectStore } from '../../base/storage/object-store.ts'
import type { ObjectClaims } from './claim-objects.ts'
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
}

interface StoreDeps {
  readonly database: Pick<Database, 'db'>
  readonly store: ObjectStore
}

interface StoreInput {
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
 * Steps 6 to 9 of the publish order (reliability.md 7), while the claims of the packages are held: objects first, durable and
 * create-only, then one transaction that makes them visible. A crash in between leaves objects without a row, which the next
 * publisher or the sweeper removes.
 *
 * @throws {RegistryError} PUBLISH_IN_PROGRESS when the claims were lost, STORAGE_FULL
 */
export async function storePackages(deps: StoreDeps, claims: ObjectClaims, input: StoreInput): Promise<void> {
  for (const item of input.packages) await placeObject(deps, storageKeyOf(input, item), item)
  await deps.database.db.transaction().execute(async (tx) => {
    await claims.release(tx)
    await input.commit(tx)
    await bumpCatalogRevision(tx)
  })
}

/** The claim is held, so an object that no row owns was left by a crash and gives way. */
async function placeObject({ database, store }: StoreDeps, key: string, item: VerifiedPackage): Promise<void> {
  const first = await store.putFile(key, item.path, item)
  if (first.created) return
  const owner = await findPlatformByStorageKey(database.db, key)
  if (owner !== undefined && owner.damagedAt === null) {
    throw new RegistryError('PROVIDER_VERSION_EXISTS', `Cannot store "${key}": it belongs to a published version`)
  }
  await store.delete(key)
  const second = await store.putFile(key, item.path, item)
  if (!second.created) throw new Error(`Object "${key}" came back while its claim was held`)
}
