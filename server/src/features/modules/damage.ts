import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Deps } from '../../base/deps.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { indexPublishedModule } from './index-module.ts'
import { findModuleVersionByStorageKey, updateModuleVersion } from './module-queries.ts'
import type { ModulesDeps } from './modules-deps.ts'

const KEY = /^modules\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\.tar\.gz$/

/**
 * SHA-256 (hex) that a stored archive must have to be sent; `undefined` for one that is not to be sent at all. From the catalog, so
 * that archives of known modules still go out while the database is away.
 */
export async function expectedModuleDigest({ modules }: Pick<ModulesDeps, 'modules'>, key: string): Promise<string | undefined> {
  const [, namespace = '', name = '', system = '', version = ''] = KEY.exec(key) ?? []
  const { found } = await modules.find({ namespace, name, system })
  return found?.versions.find((row) => row.version === version)?.sha256
}

/** Takes a version whose stored archive has changed or is gone out of service, until the same content is published again. */
export async function markModuleDamaged(
  { database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>,
  { key, expected, found }: { readonly key: string; readonly expected: string; readonly found: string | undefined },
): Promise<void> {
  logger.error({ key, expected, found: found ?? null }, 'stored module archive is damaged; it is out of service')
  await database.db.transaction().execute(async (tx) => {
    const row = await findModuleVersionByStorageKey(tx, key)
    if (row === undefined || row.damagedAt !== null) return
    const at = clock.now()
    await updateModuleVersion(tx, row.id, { damagedAt: at })
    await indexPublishedModule(tx, row.moduleId)
    await bumpCatalogRevision(tx)
    const details = { expected, found: found ?? null }
    await recordAudit(tx, { at, origin: systemOrigin('storage'), action: 'module_version.damage', object: key, outcome: 'error', details })
  })
}
