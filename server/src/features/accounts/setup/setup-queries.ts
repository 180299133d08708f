import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** A set-up token as it is stored. */
export interface StoredSetupToken {
  /** SHA-256 in hexadecimal. */
  readonly hash: string
  readonly expiresAt: UnixMs
}

/** The token that was issued last; `undefined` when none is open. It may have expired. */
export async function findSetupToken(db: Db): Promise<StoredSetupToken | undefined> {
  const row = await db
    .selectFrom('systemSettings')
    .select(['setupTokenHash as hash', 'setupTokenExpiresAt as expiresAt'])
    .where('id', '=', 'system')
    .executeTakeFirst()
  if (row === undefined || row.hash === null || row.expiresAt === null) return undefined
  return { hash: row.hash, expiresAt: row.expiresAt }
}

/** Stores a token unless the stored one is still valid at `nowMs`. */
export async function storeSetupToken(db: Db, token: StoredSetupToken, nowMs: UnixMs): Promise<void> {
  await db
    .updateTable('systemSettings')
    .set({ setupTokenHash: token.hash, setupTokenExpiresAt: token.expiresAt })
    .where('id', '=', 'system')
    .where((eb) => eb.or([eb('setupTokenExpiresAt', 'is', null), eb('setupTokenExpiresAt', '<=', nowMs)]))
    .execute()
}

/** Takes the token away; `false` when it is not the stored one any more, so that only one of two set-ups goes on. */
export async function consumeSetupToken(db: Db, token: StoredSetupToken): Promise<boolean> {
  const result = await db
    .updateTable('systemSettings')
    .set({ setupTokenHash: null, setupTokenExpiresAt: null })
    .where('id', '=', 'system')
    .where('setupTokenHash', '=', token.hash)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
