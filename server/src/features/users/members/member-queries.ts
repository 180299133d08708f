import type { Insertable } from 'kysely'
import type { OrganizationMembersTable } from '../../../base/database/identity-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { containsText } from '../../../base/database/statements/contains-text.ts'
import type { Page } from '../../../base/http/pagination.ts'

/** Which members of an organisation to list. */
export interface MemberFilter {
  readonly organizationId: string
  /** Part of user name or display name. */
  readonly q?: string | undefined
}

function members(db: Db) {
  return db
    .selectFrom('organizationMembers as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .innerJoin('roleTemplates as r', 'r.id', 'm.roleTemplateId')
}

function filtered(db: Db, { organizationId, q }: MemberFilter) {
  const query = members(db).where('m.organizationId', '=', organizationId)
  if (q === undefined) return query
  return query.where((eb) => eb.or([containsText(eb.ref('u.username'), q), containsText(eb.ref('u.displayName'), q)]))
}

const COLUMNS = [
  'm.userId',
  'm.createdAt',
  'm.grantedBy',
  'u.username',
  'u.displayName',
  'u.disabledAt',
  'r.id as roleId',
  'r.name as roleName',
  'r.scopes as roleScopes',
] as const

/** Members of an organisation by user name. */
export function listMembers(db: Db, filter: MemberFilter, page: Page) {
  return filtered(db, filter).select(COLUMNS).orderBy('u.username').limit(page.limit).offset(page.offset).execute()
}

/** A member as it is listed. */
export type MemberRow = Awaited<ReturnType<typeof listMembers>>[number]

/** How many members a filter finds. */
export async function countMembers(db: Db, filter: MemberFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The member of an organisation with this user id. */
export function findMember(db: Db, organizationId: string, userId: string): Promise<MemberRow | undefined> {
  return members(db).select(COLUMNS).where('m.organizationId', '=', organizationId).where('m.userId', '=', userId).executeTakeFirst()
}

/** Every role of some users, by the name of the organisation. */
export function listRolesOf(db: Db, userIds: readonly string[]) {
  return members(db)
    .innerJoin('organizations as o', 'o.id', 'm.organizationId')
    .select(['m.userId', 'o.name as organization', 'r.name as role', 'r.scopes as roleScopes'])
    .where('m.userId', 'in', userIds.length === 0 ? [''] : [...userIds])
    .orderBy('o.name')
    .execute()
}

/** A role that somebody has somewhere. */
export type HeldRole = Awaited<ReturnType<typeof listRolesOf>>[number]

/** `false` when somebody is a member already. */
export async function insertMember(db: Db, member: Insertable<OrganizationMembersTable>): Promise<boolean> {
  const result = await db
    .insertInto('organizationMembers')
    .values(member)
    .onConflict((conflict) => conflict.columns(['userId', 'organizationId']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Which membership. */
interface MemberKey {
  readonly organizationId: string
  readonly userId: string
}

/** Gives a member another role; from now on it counts as given by hand. */
export async function updateMember(db: Db, { organizationId, userId }: MemberKey, roleTemplateId: string): Promise<void> {
  await db
    .updateTable('organizationMembers')
    .set({ roleTemplateId, grantedBy: null })
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .execute()
}

/** Ends a membership. */
export async function deleteMember(db: Db, { organizationId, userId }: MemberKey): Promise<void> {
  await db.deleteFrom('organizationMembers').where('organizationId', '=', organizationId).where('userId', '=', userId).execute()
}

/** Ids of the organisations that somebody is a member of. */
export async function listOrganizationsOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('organizationMembers').select('organizationId').where('userId', '=', userId).execute()
  return rows.map(({ organizationId }) => organizationId)
}
