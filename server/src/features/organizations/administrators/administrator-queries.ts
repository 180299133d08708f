import { type Db, dialectOf } from '../../../base/database/dialect.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../../base/database/seed-rows.ts'

// Scopes are stored as JSON by `parseScopes`, which knows no other spelling; no other scope holds this text in its quotes.
const HAS_ADMIN = '%"admin"%'

/**
 * Lets one transaction at a time decide who may do what. SQLite has one writer anyway; on PostgreSQL a row that is always there is
 * locked, in a way that lets new members, who refer to it, pass.
 */
export async function lockRights(db: Db): Promise<void> {
  await db
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', DEFAULT_ORGANIZATION_ID)
    .$if(dialectOf(db).rowLocks, (query) => query.forNoKeyUpdate())
    .execute()
}

/** Whether some enabled user holds `admin` in the whole registry by their own scopes. */
export async function hasRegistryAdministrator(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('disabledAt', 'is', null)
    .where('scopes', 'like', HAS_ADMIN)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Ids of the organisations in which some enabled user has a role with `admin`. */
export async function listAdministeredOrganizations(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('organizationMembers as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .innerJoin('roleTemplates as r', 'r.id', 'm.roleTemplateId')
    .select('m.organizationId')
    .distinct()
    .where('u.disabledAt', 'is', null)
    .where('r.scopes', 'like', HAS_ADMIN)
    .execute()
  return rows.map(({ organizationId }) => organizationId)
}
