import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Database, Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { ObjectStore } from '../../base/storage/object-store.ts'
import type { ObjectClaims } from './claim-objects.ts'

/** A finished file that has passed every check. */
export interface FileToStore {
  readonly key: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
}

interface StoreDeps {
  readonly database: Pick<Database, 'db'>
  readonly store: ObjectStore
}

interface StoreInput {
  readonly objects: readonly FileToStore[]
  /** Whether a visible and undamaged row owns the object. */
  isOwned(db: Db, key: string): Promise<boolean>
  /** Makes the objects visible. */
  commit(tx: Db): Promise<void>
}

/**
 * Steps 6 to 9 of the publish order (reliability.md 7), while the claims of the objects are held: objects first, durable and
 * create-only, then one transaction that makes them visible. A crash in between leaves objects without a row, which the next
 * publisher or the sweeper removes.
 *
 * @throws {RegistryError} PUBLISH_IN_PROGRESS when the claims were lost, STORAGE_FULL
 */
export async function storeObjects(deps: StoreDeps, claims: ObjectClaims, input: StoreInput): Promise<void> {
  for (const object of input.objects) await placeObject(deps, input, object)
  await deps.database.db.transaction().execute(async (tx) => {
    await claims.release(tx)
    await input.commit(tx)
    await bumpCatalogRevision(tx)
  })
}

/** The claim is held, so an object that no row owns was left by a crash and gives way. */
async function placeObject({ database, store }: StoreDeps, input: StoreInput, { key, path, ...facts }: FileToStore): Promise<void> {
  const first = await store.putFile(key, path, facts)
  if (first.created) return
  if (await input.isOwned(database.db, key)) {
    throw new RegistryError('OBJECT_EXISTS', `Cannot store "${key}": it belongs to a published version`)
  }
  await store.delete(key)
  const second = await store.putFile(key, path, facts)
  if (!second.created) throw new Error(`Object "${key}" came back while its claim was held`)
}
