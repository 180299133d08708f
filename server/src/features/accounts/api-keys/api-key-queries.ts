import type { Insertable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { ApiKeysTable } from '../../../base/database/schema.ts'

/** An API key as it is shown; never the hash. */
export interface ApiKeyRow {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly name: string
  readonly prefix: string
  readonly scopes: string
  readonly createdAt: UnixMs
  readonly expiresAt: UnixMs | null
}

/** Records a new API key. */
export async function insertApiKey(db: Db, key: Insertable<ApiKeysTable>): Promise<void> {
  await db.insertInto('apiKeys').values(key).execute()
}

/** Keys that are not revoked, newest first; of everybody when no user is given. */
export function listApiKeys(
  db: Db,
  userId: string | undefined,
  page: { readonly limit: number; readonly offset: number },
): Promise<ApiKeyRow[]> {
  return db
    .selectFrom('apiKeys')
    .innerJoin('users', 'users.id', 'apiKeys.userId')
    .select([
      'apiKeys.id',
      'users.id as userId',
      'users.username',
      'apiKeys.name',
      'apiKeys.prefix',
      'apiKeys.scopes',
      'apiKeys.createdAt',
      'apiKeys.expiresAt',
    ])
    .where('apiKeys.revokedAt', 'is', null)
    .$if(userId !== undefined, (query) => query.where('apiKeys.userId', '=', userId ?? ''))
    .orderBy('apiKeys.createdAt', 'desc')
    .orderBy('apiKeys.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Number of keys that `listApiKeys` would list without a page. */
export async function countApiKeys(db: Db, userId: string | undefined): Promise<number> {
  const { count } = await db
    .selectFrom('apiKeys')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('revokedAt', 'is', null)
    .$if(userId !== undefined, (query) => query.where('userId', '=', userId ?? ''))
    .executeTakeFirstOrThrow()
  return count
}

/** A key that is not revoked. */
export function findApiKey(db: Db, id: string) {
  return db
    .selectFrom('apiKeys')
    .select(['id', 'userId', 'name', 'prefix'])
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
}

/** `false` when there is no such key, or it was revoked before. */
export async function revokeApiKeyRow(db: Db, id: string, revokedAt: UnixMs): Promise<boolean> {
  const result = await db.updateTable('apiKeys').set({ revokedAt }).where('id', '=', id).where('revokedAt', 'is', null).executeTakeFirst()
  return result.numUpdatedRows === 1n
}
