import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import type { Deps } from '../../../base/deps.ts'
import { systemOrigin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import type { ObjectOwner } from '../../intake/index.ts'
import { findHeldByStorageKey, markHeldDamaged } from './held-module-queries.ts'
import type { HeldModules } from './held-modules.ts'

const PREFIX = 'upstream-modules/'
const KEY = /^upstream-modules\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\.tar\.gz$/

/** Whether an object of the store is an archive of a module of an upstream. */
export const isUpstreamModuleKey = (key: string): boolean => key.startsWith(PREFIX)

/** The stored archives, for the sweeper. */
export const upstreamModuleArchives: ObjectOwner = {
  prefix: PREFIX,
  isOwned: async (db, key) => (await findHeldByStorageKey(db, key)) !== undefined,
}

/** SHA-256 (hex) that a stored archive must have to be sent; `undefined` for one that is not to be sent at all. */
export async function expectedUpstreamModuleDigest(
  { heldModules }: { readonly heldModules: HeldModules },
  key: string,
): Promise<string | undefined> {
  const [, hostname = '', namespace = '', name = '', system = '', version = ''] = KEY.exec(key) ?? []
  const { found } = await heldModules.find({ hostname, namespace, name, system })
  return found?.byVersion.get(version)?.sha256
}

/** Takes a version whose stored archive has changed or is gone out of service, until the same content is fetched again. */
export async function markUpstreamModuleDamaged(
  { database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>,
  { key, expected, found }: { readonly key: string; readonly expected: string; readonly found: string | undefined },
): Promise<void> {
  logger.error({ key, expected, found: found ?? null }, 'stored module of an upstream is damaged; it is out of service')
  await database.db.transaction().execute(async (tx) => {
    const row = await findHeldByStorageKey(tx, key)
    if (row === undefined || row.damagedAt !== null) return
    const at = clock.now()
    await markHeldDamaged(tx, row.id, at)
    await bumpCatalogRevision(tx)
    const details = { expected, found: found ?? null }
    await recordAudit(tx, { at, origin: systemOrigin('storage'), action: 'upstream_module.damage', object: key, outcome: 'error', details })
  })
}
