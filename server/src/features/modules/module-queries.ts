import { type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { ModulesTable, ModuleVersionsTable } from '../../base/database/schema.ts'

export type ModuleRow = Selectable<ModulesTable>
export type ModuleVersionRow = Omit<Selectable<ModuleVersionsTable>, 'analysis' | 'readme'>

const MODULE_COLUMNS = [
  'id',
  'namespace',
  'name',
  'system',
  'namespaceKey',
  'nameKey',
  'description',
  'sourceUrl',
  'createdAt',
  'deprecatedAt',
  'deprecationMessage',
  'successor',
] as const

const VERSION_COLUMNS = [
  'id',
  'moduleId',
  'version',
  'size',
  'sha256',
  'contentSha256',
  'storageBackend',
  'storageKey',
  'commitSha',
  'createdAt',
  'createdBy',
  'deprecatedAt',
  'deprecationMessage',
  'successor',
  'damagedAt',
  'deletedAt',
  'deletedReason',
] as const

/** The module with this address in any case, whether or not any version of it is left. */
export function findModule(db: Db, address: ModuleAddress): Promise<ModuleRow | undefined> {
  const { namespace, name, system } = moduleKey(address)
  return db
    .selectFrom('modules')
    .select(MODULE_COLUMNS)
    .where('namespaceKey', '=', namespace)
    .where('nameKey', '=', name)
    .where('system', '=', system)
    .executeTakeFirst()
}

/** Modules by id, in no promised order. */
export function listModulesById(db: Db, ids: readonly string[]): Promise<ModuleRow[]> {
  if (ids.length === 0) return Promise.resolve([])
  return db.selectFrom('modules').select(MODULE_COLUMNS).where('id', 'in', ids).execute()
}

/** Systems for which a module of this namespace and name has a version to install. */
export async function listSystems(db: Db, address: ModuleAddress): Promise<string[]> {
  const { namespace, name } = moduleKey(address)
  const rows = await db
    .selectFrom('modules as m')
    .innerJoin('moduleVersions as v', 'v.moduleId', 'm.id')
    .select('m.system')
    .distinct()
    .where('m.namespaceKey', '=', namespace)
    .where('m.nameKey', '=', name)
    .where('v.deletedAt', 'is', null)
    .where('v.damagedAt', 'is', null)
    .orderBy('m.system')
    .execute()
  return rows.map((row) => row.system)
}

/** Every version of a module, deleted ones included, in no promised order; without the large columns. */
export function listModuleVersions(db: Db, moduleId: string): Promise<ModuleVersionRow[]> {
  return db.selectFrom('moduleVersions').select(VERSION_COLUMNS).where('moduleId', '=', moduleId).execute()
}

/** One version, deleted ones included: a tombstone keeps the number taken. */
export function findModuleVersion(db: Db, moduleId: string, version: string): Promise<ModuleVersionRow | undefined> {
  return db
    .selectFrom('moduleVersions')
    .select(VERSION_COLUMNS)
    .where('moduleId', '=', moduleId)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** README and analysis (JSON) of a version. */
export function findModuleContent(db: Db, versionId: string): Promise<{ readme: string; analysis: string } | undefined> {
  return db.selectFrom('moduleVersions').select(['readme', 'analysis']).where('id', '=', versionId).executeTakeFirst()
}

/** The version that owns a stored archive; `undefined` for an orphan and for a deleted version. */
export function findModuleVersionByStorageKey(db: Db, storageKey: string) {
  return db
    .selectFrom('moduleVersions')
    .select(['id', 'moduleId', 'damagedAt'])
    .where('storageKey', '=', storageKey)
    .where('deletedAt', 'is', null)
    .executeTakeFirst()
}

/** Makes others that change the module wait until this transaction ends: what it has is read to work out what the search knows. */
export async function lockModule(db: Db, id: string): Promise<void> {
  await db
    .updateTable('modules')
    .set((eb) => ({ system: eb.ref('system') }))
    .where('id', '=', id)
    .execute()
}

/** Inserts the module unless it is there in any case; either way its row. */
export async function ensureModule(db: Db, row: Insertable<ModulesTable>): Promise<ModuleRow> {
  await db
    .insertInto('modules')
    .values(row)
    .onConflict((oc) => oc.columns(['namespaceKey', 'nameKey', 'system']).doNothing())
    .execute()
  const found = await findModule(db, row)
  if (found === undefined) throw new Error(`Module row vanished: ${row.namespace}/${row.name}/${row.system}`)
  return found
}

/** `false` when the version is already there. */
export async function insertModuleVersion(db: Db, row: Insertable<ModuleVersionsTable>): Promise<boolean> {
  const result = await db
    .insertInto('moduleVersions')
    .values(row)
    .onConflict((oc) => oc.columns(['moduleId', 'version']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes what is known of a module; an empty set changes nothing. */
export async function updateModule(
  db: Db,
  id: string,
  set: Partial<Pick<ModuleRow, 'description' | 'sourceUrl' | 'deprecatedAt' | 'deprecationMessage' | 'successor'>>,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('modules').set(set).where('id', '=', id).execute()
}

/** Changes the state of a version; an empty set changes nothing. */
export async function updateModuleVersion(
  db: Db,
  id: string,
  set: Partial<
    Pick<
      ModuleVersionRow,
      'deprecatedAt' | 'deprecationMessage' | 'successor' | 'damagedAt' | 'deletedAt' | 'deletedReason' | 'sha256' | 'size'
    >
  >,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('moduleVersions').set(set).where('id', '=', id).execute()
}
