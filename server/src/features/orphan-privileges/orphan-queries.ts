import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'

/** Somebody, or something, that has a right; in the form people write it. */
export interface OrphanRow {
  readonly object: string
}

/** Sessions of disabled users that were not revoked. */
export function listSessionsOfDisabled(db: Db, now: UnixMs): Promise<OrphanRow[]> {
  return db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.userId')
    .select('u.username as object')
    .where('u.disabledAt', 'is not', null)
    .where('s.revokedAt', 'is', null)
    .where('s.expiresAt', '>', now)
    .orderBy('u.username')
    .execute()
}

/** Codes of `terraform login` that disabled users could still exchange. */
export function listLoginCodesOfDisabled(db: Db, now: UnixMs): Promise<OrphanRow[]> {
  return db
    .selectFrom('loginCodes as c')
    .innerJoin('users as u', 'u.id', 'c.userId')
    .select('u.username as object')
    .where('u.disabledAt', 'is not', null)
    .where('c.usedAt', 'is', null)
    .where('c.expiresAt', '>', now)
    .orderBy('u.username')
    .execute()
}

/** Keys of pipelines whose trust rule is disabled. */
export function listKeysOfDisabledRules(db: Db, now: UnixMs): Promise<OrphanRow[]> {
  return db
    .selectFrom('apiKeys as k')
    .innerJoin('trustRules as r', 'r.id', 'k.trustRuleId')
    .select('k.name as object')
    .where('r.disabledAt', 'is not', null)
    .where('k.revokedAt', 'is', null)
    .where(({ eb, or }) => or([eb('k.expiresAt', 'is', null), eb('k.expiresAt', '>', now)]))
    .orderBy('k.name')
    .execute()
}

/** Memberships whose role is one of another organisation. */
export async function listForeignRoles(db: Db): Promise<OrphanRow[]> {
  const rows = await db
    .selectFrom('organizationMembers as m')
    .innerJoin('roleTemplates as r', 'r.id', 'm.roleTemplateId')
    .innerJoin('organizations as o', 'o.id', 'm.organizationId')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .select(['u.username', 'o.name as organization', 'r.name as role'])
    .where('r.organizationId', 'is not', null)
    .whereRef('r.organizationId', '!=', 'm.organizationId')
    .orderBy('u.username')
    .execute()
  return rows.map(({ username, organization, role }) => ({ object: `${username} in ${organization}: ${role}` }))
}

/** Keys of disabled users, which count again when the user is enabled. */
export async function listKeysOfDisabled(db: Db, now: UnixMs): Promise<OrphanRow[]> {
  const rows = await db
    .selectFrom('apiKeys as k')
    .innerJoin('users as u', 'u.id', 'k.userId')
    .select(['u.username', 'k.prefix'])
    .where('u.disabledAt', 'is not', null)
    .where('k.revokedAt', 'is', null)
    .where(({ eb, or }) => or([eb('k.expiresAt', 'is', null), eb('k.expiresAt', '>', now)]))
    .orderBy('u.username')
    .orderBy('k.prefix')
    .execute()
  return rows.map(({ username, prefix }) => ({ object: `${username}: ${prefix}…` }))
}

/** Roles of disabled users, which count again when the user is enabled. */
export async function listRolesOfDisabled(db: Db): Promise<OrphanRow[]> {
  const rows = await db
    .selectFrom('organizationMembers as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .innerJoin('organizations as o', 'o.id', 'm.organizationId')
    .select(['u.username', 'o.name as organization'])
    .where('u.disabledAt', 'is not', null)
    .orderBy('u.username')
    .orderBy('o.name')
    .execute()
  return rows.map(({ username, organization }) => ({ object: `${username} in ${organization}` }))
}

/** Keys for an organisation whose owner is no member of it and has no rights in the whole registry. */
export async function listKeysOfOutsiders(db: Db, now: UnixMs): Promise<OrphanRow[]> {
  const rows = await db
    .selectFrom('apiKeys as k')
    .innerJoin('users as u', 'u.id', 'k.userId')
    .innerJoin('organizations as o', 'o.id', 'k.organizationId')
    .leftJoin('organizationMembers as m', (join) => join.onRef('m.userId', '=', 'u.id').onRef('m.organizationId', '=', 'o.id'))
    .select(['u.username', 'k.prefix', 'o.name as organization'])
    .where('m.userId', 'is', null)
    .where('u.scopes', '=', '[]')
    .where('u.disabledAt', 'is', null)
    .where('k.revokedAt', 'is', null)
    .where(({ eb, or }) => or([eb('k.expiresAt', 'is', null), eb('k.expiresAt', '>', now)]))
    .orderBy('u.username')
    .orderBy('k.prefix')
    .execute()
  return rows.map(({ username, prefix, organization }) => ({ object: `${username}: ${prefix}… for ${organization}` }))
}

/** Details of the last audit record of an action. */
export async function findLastDetails(db: Db, action: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('auditLogs')
    .select('details')
    .where('action', '=', action)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.details ?? undefined
}
