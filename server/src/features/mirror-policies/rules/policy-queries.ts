import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../../../base/database/open-database.ts'
import type { MirrorPoliciesTable } from '../../../base/database/tables/policy-tables.ts'

/** A rule with the name of the organisation it is for. */
export type MirrorPolicyRow = Selectable<MirrorPoliciesTable> & { readonly organization: string | null }

function selectPolicies(db: Db) {
  return db
    .selectFrom('mirrorPolicies as p')
    .leftJoin('organizations as o', 'o.id', 'p.organizationId')
    .selectAll('p')
    .select('o.name as organization')
}

/** All rules, highest priority first. */
export function listMirrorPolicies(db: Db): Promise<MirrorPolicyRow[]> {
  return selectPolicies(db).orderBy('p.priority', 'desc').orderBy('p.name').execute()
}

/** The rule of an id. */
export function findMirrorPolicy(db: Db, id: string): Promise<MirrorPolicyRow | undefined> {
  return selectPolicies(db).where('p.id', '=', id).executeTakeFirst()
}

/** `false` when there is a rule of this name. */
export async function insertMirrorPolicy(db: Db, row: Insertable<MirrorPoliciesTable>): Promise<boolean> {
  const result = await db
    .insertInto('mirrorPolicies')
    .values(row)
    .onConflict((oc) => oc.column('name').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes a rule; a name that is taken throws a unique violation. */
export async function updateMirrorPolicy(db: Db, id: string, set: Updateable<MirrorPoliciesTable>): Promise<void> {
  await db.updateTable('mirrorPolicies').set(set).where('id', '=', id).execute()
}

/** Removes a rule. */
export async function deleteMirrorPolicyRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('mirrorPolicies').where('id', '=', id).execute()
}

/** Id and name of the organisation with this id or name. */
export function findOrganization(db: Db, idOrName: string): Promise<{ id: string; name: string } | undefined> {
  return db
    .selectFrom('organizations')
    .select(['id', 'name'])
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName.toLowerCase())]))
    .executeTakeFirst()
}
