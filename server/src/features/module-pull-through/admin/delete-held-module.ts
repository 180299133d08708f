import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import type { Deps } from '../../../base/deps.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import { removeUnownedObject } from '../../intake/index.ts'
import { upstreamModuleArchives } from '../held/damage.ts'
import { deleteHeldVersion, findHeldById, type HeldModuleRow } from '../held/held-module-queries.ts'
import { keyOfVersion } from '../upstream-module.ts'

interface DeleteHeldModule {
  readonly id: string
  readonly by: Origin
}

/**
 * Deletes a version that came from an upstream. Whoever asks for it next has it fetched anew, and may get other bytes than before.
 * @throws {RegistryError} MODULE_VERSION_NOT_FOUND
 */
export async function deleteHeldModule(
  deps: Pick<Deps, 'database' | 'clock' | 'store' | 'logger'>,
  { id, by }: DeleteHeldModule,
): Promise<void> {
  const { database, clock, logger } = deps
  const row = await database.db.transaction().execute(async (tx) => {
    const found = await findHeldById(tx, id)
    if (found === undefined || !(await deleteHeldVersion(tx, id))) throw unknown(id)
    await bumpCatalogRevision(tx)
    await recordAudit(tx, {
      at: clock.now(),
      origin: by,
      action: 'upstream_module.delete',
      object: objectOf(found),
      details: detailsOf(found),
    })
    return found
  })
  // The sweeper removes what is left when this fails.
  await removeUnownedObject(deps, upstreamModuleArchives, row.storageKey).catch((err: unknown) =>
    logger.warn({ err, key: row.storageKey }, 'a deleted module could not be removed from the store; it is swept later'),
  )
}

function objectOf({ version, ...module }: HeldModuleRow): string {
  return keyOfVersion({ module, version })
}

function detailsOf({ sha256, contentSha256, sourceUrl, commitSha }: HeldModuleRow) {
  return { sha256, content_sha256: contentSha256, source: sourceUrl, commit: commitSha }
}

function unknown(id: string): RegistryError {
  return new RegistryError('MODULE_VERSION_NOT_FOUND', `Cannot delete module "${id}": there is no held version with this id`, {
    hint: 'The ids are listed by GET /api/v1/admin/upstream-modules',
  })
}
