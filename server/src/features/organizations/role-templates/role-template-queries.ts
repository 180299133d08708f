import type { Insertable, Selectable } from 'kysely'
import type { RoleTemplatesTable } from '../../../base/database/identity-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { containsText } from '../../../base/database/statements/contains-text.ts'
import type { Page } from '../../../base/http/pagination.ts'

export type RoleTemplateRow = Selectable<RoleTemplatesTable>

/** Which role templates to list. */
export interface RoleTemplateFilter {
  /** Whose; null: those of the product. */
  readonly organizationId: string | null
  /** Part of name or description. */
  readonly q?: string | undefined
}

function filtered(db: Db, { organizationId, q }: RoleTemplateFilter) {
  const base = db.selectFrom('roleTemplates as r')
  const owned = organizationId === null ? base.where('r.organizationId', 'is', null) : base.where('r.organizationId', '=', organizationId)
  if (q === undefined) return owned
  return owned.where((eb) => eb.or([containsText(eb.ref('r.name'), q), containsText(eb.ref('r.description'), q)]))
}

/** Role templates by name. */
export function listRoleTemplates(db: Db, filter: RoleTemplateFilter, page: Page): Promise<RoleTemplateRow[]> {
  return filtered(db, filter).selectAll('r').orderBy('r.name').limit(page.limit).offset(page.offset).execute()
}

/** How many role templates a filter finds. */
export async function countRoleTemplates(db: Db, filter: RoleTemplateFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The role template that an organisation means by an id or a name: of the product, or its own. An id counts before a name. */
export async function findRoleTemplate(db: Db, organizationId: string, idOrName: string): Promise<RoleTemplateRow | undefined> {
  const rows = await db
    .selectFrom('roleTemplates')
    .selectAll()
    .where((eb) => eb.or([eb('organizationId', 'is', null), eb('organizationId', '=', organizationId)]))
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
    .execute()
  return rows.find(({ id }) => id === idOrName) ?? rows[0]
}

/** `false` when the organisation has one of this name. */
export async function insertRoleTemplate(db: Db, row: Insertable<RoleTemplatesTable>): Promise<boolean> {
  const result = await db
    .insertInto('roleTemplates')
    .values(row)
    .onConflict((conflict) => conflict.columns(['organizationId', 'name']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes what a role template allows or how it is described. */
export async function updateRoleTemplate(db: Db, id: string, set: Partial<Pick<RoleTemplateRow, 'description' | 'scopes'>>): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('roleTemplates').set(set).where('id', '=', id).execute()
}

/** Removes a role template that nobody has. */
export async function deleteRoleTemplateRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('roleTemplates').where('id', '=', id).execute()
}

/** How many members have a role. */
export async function countMembersOfRole(db: Db, roleTemplateId: string): Promise<number> {
  const row = await db
    .selectFrom('organizationMembers')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('roleTemplateId', '=', roleTemplateId)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
