import type { Insertable } from 'kysely'
import type { OrganizationMembersTable } from '../../../base/database/identity-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** Roles of a user, with the names of organisation and role. */
export function listRoles(db: Db, userId: string) {
  return db
    .selectFrom('organizationMembers as member')
    .innerJoin('organizations', 'organizations.id', 'member.organizationId')
    .innerJoin('roleTemplates', 'roleTemplates.id', 'member.roleTemplateId')
    .select(['member.organizationId', 'member.roleTemplateId', 'member.grantedBy', 'member.createdAt'])
    .select(['organizations.name as organization', 'roleTemplates.name as role'])
    .where('member.userId', '=', userId)
    .execute()
}

/** The role template of a name in an organisation, its own one before one of the system. */
export function findRole(db: Db, organization: string, role: string) {
  return db
    .selectFrom('organizations')
    .innerJoin('roleTemplates', (join) =>
      join.on((on) =>
        on.or([on('roleTemplates.organizationId', '=', on.ref('organizations.id')), on('roleTemplates.organizationId', 'is', null)]),
      ),
    )
    .select(['organizations.id as organizationId', 'roleTemplates.id as roleTemplateId'])
    .where('organizations.name', '=', organization)
    .where('roleTemplates.name', '=', role)
    .orderBy((order) => order.case().when('roleTemplates.organizationId', 'is', null).then(1).else(0).end())
    .executeTakeFirst()
}

/** Adds a role; a second one in the same organisation fails as a unique violation. */
export async function insertRole(db: Db, member: Insertable<OrganizationMembersTable>): Promise<void> {
  await db.insertInto('organizationMembers').values(member).execute()
}

/** Which role of whom. */
interface RoleKey {
  readonly userId: string
  readonly organizationId: string
  readonly grantedBy: string
}

/** Gives another role in an organisation, where an issuer gave the one before. */
export async function updateRole(db: Db, { userId, organizationId, grantedBy }: RoleKey, roleTemplateId: string): Promise<void> {
  await db
    .updateTable('organizationMembers')
    .set({ roleTemplateId })
    .where('userId', '=', userId)
    .where('organizationId', '=', organizationId)
    .where('grantedBy', '=', grantedBy)
    .execute()
}

/** Takes a role that an issuer gave. */
export async function deleteRole(db: Db, { userId, organizationId, grantedBy }: RoleKey): Promise<void> {
  await db
    .deleteFrom('organizationMembers')
    .where('userId', '=', userId)
    .where('organizationId', '=', organizationId)
    .where('grantedBy', '=', grantedBy)
    .execute()
}
