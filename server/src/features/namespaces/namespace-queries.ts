import type { Insertable, Selectable } from 'kysely'
import type { NamespacesTable } from '../../base/database/identity-schema.ts'
import type { Db } from '../../base/database/open-database.ts'

export type NamespaceRow = Selectable<NamespacesTable>

/** Whose private namespaces somebody reads: everybody's, or those of the organisations with these ids. */
export type NamespaceReader = 'all' | readonly string[]

/** The namespace of a name in lower case, deleted ones included: their names stay taken. */
export function findNamespace(db: Db, name: string): Promise<NamespaceRow | undefined> {
  return db.selectFrom('namespaces').selectAll().where('name', '=', name).executeTakeFirst()
}

/** `false` when the name is taken. */
export async function insertNamespace(db: Db, row: Insertable<NamespacesTable>): Promise<boolean> {
  const result = await db
    .insertInto('namespaces')
    .values(row)
    .onConflict((oc) => oc.column('name').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes who reads or owns a namespace, or marks it as deleted. */
export async function updateNamespace(
  db: Db,
  id: string,
  set: Partial<Pick<NamespaceRow, 'visibility' | 'organizationId' | 'deletedAt'>>,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('namespaces').set(set).where('id', '=', id).execute()
}

/** Names of the namespaces that are private to other organisations than these; for `not in`. */
export function privateNamespacesOfOthers(db: Db, organizationIds: readonly string[]) {
  const hidden = db.selectFrom('namespaces').select('name').where('visibility', '=', 'private')
  return organizationIds.length === 0 ? hidden : hidden.where('organizationId', 'not in', organizationIds)
}

/** What a list of namespaces may be cut down to. */
export interface NamespaceFilter {
  readonly reader: NamespaceReader
  /** Name of the owner. */
  readonly organization?: string | undefined
}

function filtered(db: Db, { reader, organization }: NamespaceFilter) {
  let query = db.selectFrom('namespaces as n').innerJoin('organizations as o', 'o.id', 'n.organizationId').where('n.deletedAt', 'is', null)
  if (reader !== 'all') query = query.where('n.name', 'not in', privateNamespacesOfOthers(db, reader))
  if (organization !== undefined) query = query.where('o.name', '=', organization)
  return query
}

/** Namespaces that a reader may see, by name. */
export function listNamespaces(db: Db, filter: NamespaceFilter, page: { readonly limit: number; readonly offset: number }) {
  return filtered(db, filter)
    .select(['n.name', 'n.visibility', 'n.createdAt', 'n.createdBy', 'o.name as organization'])
    .orderBy('n.name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many namespaces a filter finds. */
export async function countNamespaces(db: Db, filter: NamespaceFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Whether anything published under the name is still there to install. */
export async function holdsContent(db: Db, name: string): Promise<boolean> {
  const module = await db
    .selectFrom('modules as m')
    .innerJoin('moduleVersions as v', 'v.moduleId', 'm.id')
    .select('v.id')
    .where('m.namespaceKey', '=', name)
    .where('v.deletedAt', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (module !== undefined) return true
  const provider = await db
    .selectFrom('providers as p')
    .innerJoin('providerVersions as v', 'v.providerId', 'p.id')
    .select('v.id')
    .where('p.hostname', '=', '_self')
    .where('p.namespace', '=', name)
    .where('v.deletedAt', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return provider !== undefined
}

/** Id and name of the organisation with this name. */
export function findOrganizationByName(db: Db, name: string): Promise<{ id: string; name: string } | undefined> {
  return db.selectFrom('organizations').select(['id', 'name']).where('name', '=', name).executeTakeFirst()
}
