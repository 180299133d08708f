import type { Insertable, Selectable, Updateable } from 'kysely'
import type { TrustRulesTable } from '../../../base/database/identity-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** A rule with the name of its organisation. */
export type TrustRuleRow = Selectable<TrustRulesTable> & { readonly organization: string }

/** Rules of these organisations, or all. */
export type RuleFilter = 'all' | readonly string[]

function filtered(db: Db, filter: RuleFilter) {
  const query = db.selectFrom('trustRules as r').innerJoin('organizations as o', 'o.id', 'r.organizationId')
  return filter === 'all' ? query : query.where('r.organizationId', 'in', filter.length > 0 ? filter : [''])
}

/** Rules in the order in which they count, oldest first. */
export function listTrustRules(
  db: Db,
  filter: RuleFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<TrustRuleRow[]> {
  return filtered(db, filter)
    .selectAll('r')
    .select('o.name as organization')
    .orderBy('r.createdAt')
    .orderBy('r.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many rules a filter finds. */
export async function countTrustRules(db: Db, filter: RuleFilter): Promise<number> {
  const { count } = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The rule of an id. */
export function findTrustRule(db: Db, id: string): Promise<TrustRuleRow | undefined> {
  return filtered(db, 'all').selectAll('r').select('o.name as organization').where('r.id', '=', id).executeTakeFirst()
}

/** Enabled rules that name an issuer, oldest first. */
export function findRulesOfIssuer(db: Db, issuer: string): Promise<TrustRuleRow[]> {
  return filtered(db, 'all')
    .selectAll('r')
    .select('o.name as organization')
    .where('r.issuer', '=', issuer)
    .where('r.disabledAt', 'is', null)
    .orderBy('r.createdAt')
    .orderBy('r.id')
    .execute()
}

/** `false` when the organisation has a rule of this name. */
export async function insertTrustRule(db: Db, row: Insertable<TrustRulesTable>): Promise<boolean> {
  const result = await db
    .insertInto('trustRules')
    .values(row)
    .onConflict((oc) => oc.columns(['organizationId', 'name']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes a rule; a name that is taken throws a unique violation. `false` when there is no such rule any more. */
export async function updateTrustRule(db: Db, id: string, set: Updateable<TrustRulesTable>): Promise<boolean> {
  const result = await db.updateTable('trustRules').set(set).where('id', '=', id).executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Removes a rule, and with it every key that came from it. */
export async function deleteTrustRuleRow(db: Db, id: string): Promise<boolean> {
  const result = await db.deleteFrom('trustRules').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** Id and name of the organisation with this id or name. */
export function findOrganization(db: Db, idOrName: string): Promise<{ id: string; name: string } | undefined> {
  return db
    .selectFrom('organizations')
    .select(['id', 'name'])
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName.toLowerCase())]))
    .executeTakeFirst()
}
