import type { Insertable, Selectable } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { OrganizationsTable } from '../../base/database/identity-schema.ts'
import type { Db } from '../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import { containsText } from '../../base/database/statements/contains-text.ts'
import type { Page } from '../../base/http/pagination.ts'

export type OrganizationRow = Selectable<OrganizationsTable>

/** Which organisations to list. */
export interface OrganizationFilter {
  /** Those with these ids. */
  readonly ids: 'all' | readonly string[]
  /** Part of name or display name. */
  readonly q?: string | undefined
}

/** The organisation of a name in lower case. */
export function findOrganization(db: Db, name: string): Promise<OrganizationRow | undefined> {
  return db.selectFrom('organizations').selectAll().where('name', '=', name).executeTakeFirst()
}

function filtered(db: Db, { ids, q }: OrganizationFilter) {
  let query = db.selectFrom('organizations as o')
  // `in ()` is no SQL: nobody has the empty id.
  if (ids !== 'all') query = query.where('o.id', 'in', ids.length === 0 ? [''] : [...ids])
  if (q === undefined) return query
  return query.where((eb) => eb.or([containsText(eb.ref('o.name'), q), containsText(eb.ref('o.displayName'), q)]))
}

/** Organisations by name, with what they have. */
export function listOrganizations(db: Db, filter: OrganizationFilter, page: Page) {
  return filtered(db, filter)
    .selectAll('o')
    .select((eb) => [
      eb
        .selectFrom('organizationMembers as m')
        .whereRef('m.organizationId', '=', 'o.id')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .as('members'),
      eb
        .selectFrom('namespaces as n')
        .whereRef('n.organizationId', '=', 'o.id')
        .where('n.deletedAt', 'is', null)
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .as('namespaces'),
    ])
    .orderBy('o.name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many organisations a filter finds. */
export async function countOrganizations(db: Db, filter: OrganizationFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** `false` when the name is taken. */
export async function insertOrganization(db: Db, row: Insertable<OrganizationsTable>): Promise<boolean> {
  const result = await db
    .insertInto('organizations')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Gives an organisation another display name. */
export async function renameOrganization(db: Db, id: string, displayName: string): Promise<void> {
  await db.updateTable('organizations').set({ displayName }).where('id', '=', id).execute()
}

/** Removes an organisation; members, own role templates, trust rules and its keys go with it. */
export async function deleteOrganizationRow(db: Db, id: string): Promise<void> {
  // The members refer to the role templates too, and only the organisation's rows go by themselves.
  await db.deleteFrom('organizationMembers').where('organizationId', '=', id).execute()
  await db.deleteFrom('organizations').where('id', '=', id).execute()
}

/** Names of the namespaces that an organisation has now. */
export async function listNamespaceNames(db: Db, organizationId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('namespaces')
    .select('name')
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
    .orderBy('name')
    .execute()
  return rows.map(({ name }) => name)
}

/** Marks all namespaces of an organisation as deleted and keeps their names taken after it is gone. */
export async function retireNamespaces(db: Db, organizationId: string, at: UnixMs): Promise<void> {
  await db
    .updateTable('namespaces')
    .set((eb) => ({ organizationId: DEFAULT_ORGANIZATION_ID, deletedAt: eb.fn.coalesce('deletedAt', eb.val(at)) }))
    .where('organizationId', '=', organizationId)
    .execute()
}
