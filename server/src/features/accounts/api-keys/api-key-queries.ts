import type { Insertable, Updateable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { ApiKeysTable } from '../../../base/database/schema.ts'

/** An API key as it is shown; never the hash. */
export interface ApiKeyRow {
  readonly id: string
  /** `key`, `login` or `ci`. */
  readonly kind: string
  /** Null, as the name, for the key of a pipeline. */
  readonly userId: string | null
  readonly username: string | null
  readonly organizationId: string | null
  /** Its name. */
  readonly organization: string | null
  readonly name: string
  readonly prefix: string
  /** JSON array. */
  readonly scopes: string
  /** JSON array; null: no restriction. */
  readonly namespaces: string | null
  readonly createdAt: UnixMs
  readonly expiresAt: UnixMs | null
  readonly lastUsedAt: UnixMs | null
}

/** Which keys to list: those of one person, those of organisations, or all. */
export type ApiKeyFilter = { readonly userId: string } | { readonly organizationIds: readonly string[] } | 'all'

/** Records a new API key. */
export async function insertApiKey(db: Db, key: Insertable<ApiKeysTable>): Promise<void> {
  await db.insertInto('apiKeys').values(key).execute()
}

function matching(db: Db, filter: ApiKeyFilter) {
  const query = db.selectFrom('apiKeys').where('apiKeys.revokedAt', 'is', null)
  if (filter === 'all') return query
  if ('userId' in filter) return query.where('apiKeys.userId', '=', filter.userId)
  return query.where('apiKeys.organizationId', 'in', filter.organizationIds.length > 0 ? filter.organizationIds : [''])
}

function shown(db: Db, filter: ApiKeyFilter) {
  return matching(db, filter)
    .leftJoin('users', 'users.id', 'apiKeys.userId')
    .leftJoin('organizations', 'organizations.id', 'apiKeys.organizationId')
    .select([
      'apiKeys.id',
      'apiKeys.kind',
      'apiKeys.userId',
      'users.username',
      'apiKeys.organizationId',
      'organizations.name as organization',
      'apiKeys.name',
      'apiKeys.prefix',
      'apiKeys.scopes',
      'apiKeys.namespaces',
      'apiKeys.createdAt',
      'apiKeys.expiresAt',
      'apiKeys.lastUsedAt',
    ])
}

/** Keys that are not revoked, newest first. */
export function listApiKeys(db: Db, filter: ApiKeyFilter, page: { readonly limit: number; readonly offset: number }): Promise<ApiKeyRow[]> {
  return shown(db, filter)
    .orderBy('apiKeys.createdAt', 'desc')
    .orderBy('apiKeys.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Number of keys that `listApiKeys` would list without a page. */
export async function countApiKeys(db: Db, filter: ApiKeyFilter): Promise<number> {
  const { count } = await matching(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/** A key that is not revoked. */
export function findApiKey(db: Db, id: string): Promise<ApiKeyRow | undefined> {
  return shown(db, 'all').where('apiKeys.id', '=', id).executeTakeFirst()
}

/** Changes a key that is not revoked; `false` when there is none any more. */
export async function updateApiKey(db: Db, id: string, set: Updateable<ApiKeysTable>): Promise<boolean> {
  const result = await db.updateTable('apiKeys').set(set).where('id', '=', id).where('revokedAt', 'is', null).executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** `false` when there is no such key, or it was revoked before. */
export function revokeApiKeyRow(db: Db, id: string, revokedAt: UnixMs): Promise<boolean> {
  return updateApiKey(db, id, { revokedAt })
}

/** Revokes every key of a user. */
export async function revokeKeysOfUser(db: Db, userId: string, revokedAt: UnixMs): Promise<void> {
  await db.updateTable('apiKeys').set({ revokedAt }).where('userId', '=', userId).where('revokedAt', 'is', null).execute()
}

/** Revokes every key that comes from a trust rule; answers how many. */
export async function revokeKeysOfRule(db: Db, trustRuleId: string, revokedAt: UnixMs): Promise<number> {
  const result = await db
    .updateTable('apiKeys')
    .set({ revokedAt })
    .where('trustRuleId', '=', trustRuleId)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** Removes keys of pipelines that ended before a time; answers how many. */
export async function deleteEndedPipelineKeys(db: Db, before: UnixMs): Promise<number> {
  const result = await db.deleteFrom('apiKeys').where('kind', '=', 'ci').where('expiresAt', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Notes that a key was used; of several replicas the latest time stays. */
export async function noteLastUse(db: Db, id: string, at: UnixMs): Promise<void> {
  await db
    .updateTable('apiKeys')
    .set({ lastUsedAt: at })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('lastUsedAt', 'is', null), eb('lastUsedAt', '<', at)]))
    .execute()
}

/** Id and name of the organisation with this id or name. */
export function findOrganization(db: Db, idOrName: string): Promise<{ id: string; name: string } | undefined> {
  return db
    .selectFrom('organizations')
    .select(['id', 'name'])
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName.toLowerCase())]))
    .orderBy((eb) => eb.case().when('id', '=', idOrName).then(0).else(1).end())
    .executeTakeFirst()
}
