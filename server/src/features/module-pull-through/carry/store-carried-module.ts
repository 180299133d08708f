import type { Deps } from '../../../base/deps.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import type { SpooledFile } from '../../../base/spool.ts'
import { upstreamModuleKey } from '../../../base/storage/object-keys.ts'
import { storeObjects, withObjectClaims } from '../../intake/index.ts'
import type { CanonicalModule, ModuleArchiver } from '../../module-archives/index.ts'
import { recordHeldModule } from '../fetch/record-held-module.ts'
import { requireFolder } from '../fetch/require-folder.ts'
import { findHeldByStorageKey } from '../held/held-module-queries.ts'
import { type CarriedModule, nameOfCarried } from './carried-module.ts'
import { type PlanCarriedDeps, planCarriedModule } from './plan-carried-module.ts'

/** What storing carried modules needs. */
export interface StoreCarriedDeps extends Pick<Deps, 'clock' | 'database' | 'spool' | 'store'>, Pick<PlanCarriedDeps, 'policy'> {
  readonly archiver: ModuleArchiver
}

/** The archive of a carried module. */
export interface CarriedArchive {
  readonly carried: CarriedModule
  readonly file: SpooledFile
  readonly by: Origin
}

const CLAIM_WAIT_MS = 10_000

/**
 * Stores a version that was carried here as one that was fetched: written anew by the module archiver, create-only, with its origin, and
 * visible by one transaction. `keep`: the same content came by another way meanwhile.
 *
 * @throws {RegistryError} CHECKSUM_MISMATCH, INVALID_MODULE_ARCHIVE, PUBLISH_IN_PROGRESS, STORAGE_FULL, and as `planCarriedModule`
 */
export async function storeCarriedModule(deps: StoreCarriedDeps, { carried, file, by }: CarriedArchive): Promise<'add' | 'keep'> {
  const { identity, origin, subdir } = carried
  const canonicalFile = await deps.spool.reserve()
  try {
    const archive = await deps.archiver.canonicalise(file.path, canonicalFile.path, { keepsFolders: true })
    requireContent(carried, archive)
    requireFolder(archive, { subdir, name: nameOfCarried(carried) })
    const key = upstreamModuleKey(identity.module, identity.version)
    return await withObjectClaims(deps.database.db, { keys: [key], waitMs: CLAIM_WAIT_MS }, async (claims) => {
      const state = await planCarriedModule(deps, carried)
      if (state === 'keep') return state
      await storeObjects(deps, claims, {
        objects: [{ key, path: canonicalFile.path, size: archive.size, sha256: archive.sha256 }],
        isOwned: async (db, storageKey) => (await findHeldByStorageKey(db, storageKey))?.damagedAt === null,
        commit: (tx) => recordHeldModule(deps, tx, { identity, origin, archive, subdir, key, createdBy: by.actor.name, importedBy: by }),
      })
      return state
    })
  } finally {
    await canonicalFile.discard()
  }
}

function requireContent(carried: CarriedModule, { contentSha256 }: CanonicalModule): void {
  if (contentSha256 === carried.contentSha256) return
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot import "${nameOfCarried(carried)}": its archive has other content than is stated`, {
    hint: 'Its registry has said one thing and packed another; ask the people of that registry',
    detail: { expected: `sha256:${carried.contentSha256}`, found: `sha256:${contentSha256}` },
  })
}
