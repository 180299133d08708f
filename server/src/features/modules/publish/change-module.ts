import { formatModuleAddress, type ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import { findNamespace, mayRead, requireWritable } from '../../namespaces/index.ts'
import { indexPublishedModule } from '../index-module.ts'
import {
  findModule,
  findModuleVersion,
  listModuleVersions,
  type ModuleRow,
  type ModuleVersionRow,
  updateModule,
  updateModuleVersion,
} from '../module-queries.ts'
import type { ModulesDeps } from '../modules-deps.ts'

/** A mark on a module or a version; the client still installs it. */
export interface Deprecation {
  readonly deprecated: boolean
  readonly message: string
  /** Version or module that takes its place. */
  readonly successor: string | undefined
}

interface Change {
  readonly by: Origin
  readonly address: ModuleAddress
  /** Absent: the module with all its versions is meant. */
  readonly version: string | undefined
}

type ChangeDeps = Pick<ModulesDeps, 'database' | 'clock' | 'store'>

/** @throws {RegistryError} MODULE_NOT_FOUND, MODULE_VERSION_NOT_FOUND */
export async function deprecateModule(deps: ChangeDeps, change: Change & { readonly mark: Deprecation }): Promise<void> {
  const { mark, address, version, by } = change
  const at = deps.clock.now()
  const set = mark.deprecated
    ? { deprecatedAt: at, deprecationMessage: mark.message, successor: mark.successor ?? null }
    : { deprecatedAt: null, deprecationMessage: null, successor: null }
  await deps.database.db.transaction().execute(async (tx) => {
    const module = await requireModuleRow(tx, address, by)
    if (version === undefined) await updateModule(tx, module.id, set)
    else await updateModuleVersion(tx, (await requireVersionRow(tx, module, version)).id, set)
    await indexPublishedModule(tx, module.id)
    await bumpCatalogRevision(tx)
    await recordAudit(tx, {
      at,
      origin: by,
      action: mark.deprecated ? 'module_version.deprecate' : 'module_version.undeprecate',
      object: nameOf(address, version),
      details: { message: mark.message, successor: mark.successor ?? null },
    })
  })
}

/**
 * Withdraws a version: it is no longer listed, its download answers 410 with the reason, and its number is never given to other
 * content. The stored archive goes.
 *
 * @throws {RegistryError} MODULE_NOT_FOUND, MODULE_VERSION_NOT_FOUND
 */
export async function deleteModuleVersion(
  deps: ChangeDeps,
  { address, version, by, reason }: { by: Origin; address: ModuleAddress; version: string; reason: string },
): Promise<void> {
  const at = deps.clock.now()
  const key = await deps.database.db.transaction().execute(async (tx) => {
    const module = await requireModuleRow(tx, address, by)
    const row = await requireVersionRow(tx, module, version)
    await updateModuleVersion(tx, row.id, { deletedAt: at, deletedReason: reason })
    await indexPublishedModule(tx, module.id)
    await bumpCatalogRevision(tx)
    await recordAudit(tx, { at, origin: by, action: 'module_version.delete', object: nameOf(address, version), details: { reason } })
    return row.storageKey
  })
  // After the commit: a crash in between leaves an object without a living row, which the sweeper removes.
  await deps.store.delete(key)
}

/**
 * Withdraws every version of a module, as `deleteModuleVersion` does one.
 *
 * @throws {RegistryError} MODULE_NOT_FOUND also when every version was withdrawn before.
 */
export async function deleteModule(
  deps: ChangeDeps,
  { address, by, reason }: { by: Origin; address: ModuleAddress; reason: string },
): Promise<void> {
  const at = deps.clock.now()
  const keys = await deps.database.db.transaction().execute(async (tx) => {
    const module = await requireModuleRow(tx, address, by)
    const living = (await listModuleVersions(tx, module.id)).filter((row) => row.deletedAt === null)
    if (living.length === 0) throw moduleNotFound(address)
    for (const row of living) await updateModuleVersion(tx, row.id, { deletedAt: at, deletedReason: reason })
    await indexPublishedModule(tx, module.id)
    await bumpCatalogRevision(tx)
    const versions = living.map(({ version }) => version)
    await recordAudit(tx, { at, origin: by, action: 'module.delete', object: nameOf(address, undefined), details: { reason, versions } })
    return living.map(({ storageKey }) => storageKey)
  })
  for (const key of keys) await deps.store.delete(key)
}

function nameOf(address: ModuleAddress, version: string | undefined): string {
  return version === undefined ? formatModuleAddress(address) : `${formatModuleAddress(address)} ${version}`
}

/** The module, for whoever may change it; whoever may not even read it is told that there is none. */
async function requireModuleRow(tx: Db, address: ModuleAddress, by: Origin): Promise<ModuleRow> {
  const row = await findModule(tx, address)
  const namespace = row && (await findNamespace(tx, row.namespaceKey))
  if (row !== undefined && mayRead(by.actor, 'modules', namespace)) {
    if (namespace !== undefined) requireWritable(namespace, { namespace: namespace.name, by, scope: 'modules:write' })
    return row
  }
  throw moduleNotFound(address)
}

function moduleNotFound(address: ModuleAddress): RegistryError {
  return new RegistryError('MODULE_NOT_FOUND', `Cannot change module "${nameOf(address, undefined)}": this registry does not hold it`)
}

async function requireVersionRow(tx: Db, module: ModuleRow, version: string): Promise<ModuleVersionRow> {
  const row = await findModuleVersion(tx, module.id, version)
  if (row !== undefined && row.deletedAt === null) return row
  throw new RegistryError('MODULE_VERSION_NOT_FOUND', `Cannot change module "${nameOf(module, version)}": no such version is published`)
}
