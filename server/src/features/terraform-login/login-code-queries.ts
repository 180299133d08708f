import type { Insertable } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { LoginCodesTable } from '../../base/database/identity-schema.ts'
import type { Db } from '../../base/database/open-database.ts'

/** Records a code. */
export async function insertLoginCode(db: Db, code: Insertable<LoginCodesTable>): Promise<void> {
  await db.insertInto('loginCodes').values(code).execute()
}

/** Forgets codes that ended before a time. */
export async function deleteLoginCodes(db: Db, endedBefore: UnixMs): Promise<void> {
  await db.deleteFrom('loginCodes').where('expiresAt', '<', endedBefore).execute()
}

/** `false` when there is no such code, or somebody used it before; of uses at the same time one gets `true`. */
export async function useLoginCode(db: Db, codeHash: string, usedAt: UnixMs): Promise<boolean> {
  const result = await db
    .updateTable('loginCodes')
    .set({ usedAt })
    .where('codeHash', '=', codeHash)
    .where('usedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** A code with the person it stands for. */
export function findLoginCode(db: Db, codeHash: string) {
  return db
    .selectFrom('loginCodes')
    .innerJoin('users', 'users.id', 'loginCodes.userId')
    .select([
      'loginCodes.userId',
      'loginCodes.clientId',
      'loginCodes.redirectUri',
      'loginCodes.codeChallenge',
      'loginCodes.scopes',
      'loginCodes.expiresAt',
      'loginCodes.apiKeyId',
      'users.username',
      'users.disabledAt',
    ])
    .where('loginCodes.codeHash', '=', codeHash)
    .executeTakeFirst()
}

/** Remembers the key that a code was exchanged for. */
export async function setKeyOfLoginCode(db: Db, codeHash: string, apiKeyId: string): Promise<void> {
  await db.updateTable('loginCodes').set({ apiKeyId }).where('codeHash', '=', codeHash).execute()
}
