import type { Insertable, Selectable, Updateable } from 'kysely'
import type { MirrorConfigurationsTable } from '../../base/database/mirror-schema.ts'
import type { Db } from '../../base/database/open-database.ts'

/** A mirror with the name of its organisation. */
export type MirrorRow = Selectable<MirrorConfigurationsTable> & { readonly organization: string }

/** Whose mirrors are listed: everybody's, or those of the organisations with these ids. */
export type MirrorReader = 'all' | readonly string[]

function mirrors(db: Db) {
  return db.selectFrom('mirrorConfigurations as m').innerJoin('organizations as o', 'o.id', 'm.organizationId')
}

/** The mirror with this id or name. */
export function findMirror(db: Db, idOrName: string): Promise<MirrorRow | undefined> {
  return mirrors(db)
    .selectAll('m')
    .select('o.name as organization')
    .where((eb) => eb.or([eb('m.id', '=', idOrName), eb('m.name', '=', idOrName.toLowerCase())]))
    .executeTakeFirst()
}

function readable(db: Db, reader: MirrorReader) {
  const query = mirrors(db)
  // An empty list is no list to PostgreSQL; nobody has this id.
  return reader === 'all' ? query : query.where('m.organizationId', 'in', reader.length === 0 ? [''] : reader)
}

/** Mirrors that a reader may see, by name. */
export function listMirrors(db: Db, reader: MirrorReader, page: { readonly limit: number; readonly offset: number }): Promise<MirrorRow[]> {
  return readable(db, reader)
    .selectAll('m')
    .select('o.name as organization')
    .orderBy('m.name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many mirrors a reader may see. */
export async function countMirrors(db: Db, reader: MirrorReader): Promise<number> {
  const { count } = await readable(db, reader)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** `false` when the name is taken. */
export async function insertMirror(db: Db, row: Insertable<MirrorConfigurationsTable>): Promise<boolean> {
  const result = await db
    .insertInto('mirrorConfigurations')
    .values(row)
    .onConflict((oc) => oc.column('name').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes a mirror. */
export async function updateMirror(db: Db, id: string, set: Updateable<MirrorConfigurationsTable>): Promise<void> {
  await db.updateTable('mirrorConfigurations').set(set).where('id', '=', id).execute()
}

/** Removes a mirror with its history; what it has brought stays. */
export async function deleteMirrorRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('mirrorConfigurations').where('id', '=', id).execute()
}

/** Id and name of the organisation with this name. */
export function findOwner(db: Db, name: string): Promise<{ id: string; name: string } | undefined> {
  return db.selectFrom('organizations').select(['id', 'name']).where('name', '=', name).executeTakeFirst()
}
