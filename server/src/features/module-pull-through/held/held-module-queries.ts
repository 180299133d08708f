import { moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../../base/database/open-database.ts'
import type { UpstreamModuleVersionsTable } from '../../../base/database/tables/upstream-module-tables.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'

export type HeldModuleRow = Selectable<UpstreamModuleVersionsTable>

/** Every version that is held of a module in any spelling, damaged ones included, in no promised order. */
export function listHeldVersions(db: Db, module: UpstreamModule): Promise<HeldModuleRow[]> {
  const { namespace, name, system } = moduleKey(module)
  return db
    .selectFrom('upstreamModuleVersions')
    .selectAll()
    .where('namespaceKey', '=', namespace)
    .where('nameKey', '=', name)
    .where('system', '=', system)
    .where('hostname', '=', module.hostname)
    .execute()
}

export function findHeldByStorageKey(db: Db, storageKey: string): Promise<HeldModuleRow | undefined> {
  return db.selectFrom('upstreamModuleVersions').selectAll().where('storageKey', '=', storageKey).executeTakeFirst()
}

export function findHeldById(db: Db, id: string): Promise<HeldModuleRow | undefined> {
  return db.selectFrom('upstreamModuleVersions').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Nothing is ever overwritten: a second row for one version is an error of the caller. */
export async function insertHeldVersion(db: Db, row: Insertable<UpstreamModuleVersionsTable>): Promise<void> {
  await db.insertInto('upstreamModuleVersions').values(row).execute()
}

/** A damaged one, with the same content again. */
export async function restoreHeldVersion(db: Db, id: string, facts: Pick<HeldModuleRow, 'size' | 'sha256' | 'damagedAt'>): Promise<void> {
  await db.updateTable('upstreamModuleVersions').set(facts).where('id', '=', id).execute()
}

export async function deleteHeldVersion(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('upstreamModuleVersions').where('id', '=', id).executeTakeFirst()
  return numDeletedRows > 0n
}

export async function markHeldDamaged(db: Db, id: string, damagedAt: number): Promise<void> {
  await db.updateTable('upstreamModuleVersions').set({ damagedAt }).where('id', '=', id).execute()
}

/** What a list shows; every key narrows it. */
export interface HeldModuleFilter {
  readonly hostname?: string | undefined
  /** In any case. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

function selectHeld(db: Db, { hostname, namespace, name }: HeldModuleFilter) {
  return db
    .selectFrom('upstreamModuleVersions')
    .$if(hostname !== undefined, (query) => query.where('hostname', '=', hostname ?? ''))
    .$if(namespace !== undefined, (query) => query.where('namespaceKey', '=', namespace?.toLowerCase() ?? ''))
    .$if(name !== undefined, (query) => query.where('nameKey', '=', name?.toLowerCase() ?? ''))
}

/** A page, in the order of the addresses; of a module the last fetched first. */
export function listHeldModules(
  db: Db,
  { limit, offset, ...filter }: HeldModuleFilter & { readonly limit: number; readonly offset: number },
): Promise<HeldModuleRow[]> {
  return selectHeld(db, filter)
    .selectAll()
    .orderBy('hostname')
    .orderBy('namespaceKey')
    .orderBy('nameKey')
    .orderBy('system')
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute()
}

export async function countHeldModules(db: Db, filter: HeldModuleFilter): Promise<number> {
  const { count } = await selectHeld(db, filter)
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
