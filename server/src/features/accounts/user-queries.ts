import type { Insertable } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { UsersTable } from '../../base/database/schema.ts'

/** Number of users, disabled ones included. */
export async function countUsers(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/** `false` when the user name is taken. */
export async function insertUser(db: Db, user: Insertable<UsersTable>): Promise<boolean> {
  const result = await db
    .insertInto('users')
    .values(user)
    .onConflict((conflict) => conflict.column('username').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** The user of an id. */
export function findUserById(db: Db, id: string) {
  return db.selectFrom('users').select(['id', 'username', 'passwordHash', 'scopes', 'disabledAt']).where('id', '=', id).executeTakeFirst()
}

/**
 * Notes that somebody signs in and keeps their row until the end of the transaction, so that no session opens past a change of the
 * password or past disabling. `false` when the user is disabled, or the password is not the given one any more.
 */
export async function recordSignIn(
  db: Db,
  { id, at, passwordHash }: { readonly id: string; readonly at: UnixMs; readonly passwordHash?: string | null | undefined },
): Promise<boolean> {
  const result = await db
    .updateTable('users')
    .set({ lastSignInAt: at })
    .where('id', '=', id)
    .where('disabledAt', 'is', null)
    .$if(passwordHash !== undefined, (query) => query.where('passwordHash', '=', passwordHash ?? ''))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** The user of a name in lower case. */
export function findUserByName(db: Db, username: string) {
  return db.selectFrom('users').select(['id', 'username', 'passwordHash', 'disabledAt']).where('username', '=', username).executeTakeFirst()
}
