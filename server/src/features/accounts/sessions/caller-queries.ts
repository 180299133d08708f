import type { Db } from '../../../base/database/open-database.ts'

/** Organisations with the role that somebody has there, by name; without a role where they have none. */
export function listCallerOrganizations(db: Db, ids: readonly string[], userId: string | null) {
  return db
    .selectFrom('organizations as o')
    .leftJoin('organizationMembers as m', (join) => join.onRef('m.organizationId', '=', 'o.id').on('m.userId', '=', userId ?? ''))
    .leftJoin('roleTemplates as r', 'r.id', 'm.roleTemplateId')
    .select(['o.id', 'o.name', 'o.displayName', 'r.name as role'])
    .where('o.id', 'in', [...ids])
    .orderBy('o.name')
    .execute()
}
