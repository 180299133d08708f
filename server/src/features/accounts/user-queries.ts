import type { Insertable } from 'kysely'
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

/** The user of a name in lower case. */
export function findUserByName(db: Db, username: string) {
  return db.selectFrom('users').select(['id', 'username', 'passwordHash', 'disabledAt']).where('username', '=', username).executeTakeFirst()
}
