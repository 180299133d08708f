import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { UsersTable } from '../../base/database/schema.ts'
import { containsText } from '../../base/database/statements/contains-text.ts'
import type { Page } from '../../base/http/pagination.ts'

/** A user without what nobody sees: the hash of the password. */
export type UserRow = Omit<Selectable<UsersTable>, 'passwordHash'>

const COLUMNS = ['id', 'username', 'scopes', 'createdAt', 'disabledAt', 'displayName', 'email', 'lastSignInAt'] as const

/** Which users to list. */
export interface UserFilter {
  /** Part of user name, display name or e-mail address. */
  readonly q?: string | undefined
  readonly disabled?: boolean | undefined
}

function filtered(db: Db, { q, disabled }: UserFilter) {
  let query = db.selectFrom('users')
  if (disabled !== undefined) query = query.where('disabledAt', disabled ? 'is not' : 'is', null)
  if (q === undefined) return query
  return query.where((eb) => eb.or((['username', 'displayName', 'email'] as const).map((column) => containsText(eb.ref(column), q))))
}

/** Users by name. */
export function listUsers(db: Db, filter: UserFilter, page: Page): Promise<UserRow[]> {
  return filtered(db, filter).select(COLUMNS).orderBy('username').limit(page.limit).offset(page.offset).execute()
}

/** How many users a filter finds. */
export async function countUsers(db: Db, filter: UserFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The user of an id. */
export function findUser(db: Db, id: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').select(COLUMNS).where('id', '=', id).executeTakeFirst()
}

/** The user of a name in lower case. */
export function findUserByName(db: Db, username: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').select(COLUMNS).where('username', '=', username).executeTakeFirst()
}

/** The user of an e-mail address in lower case. */
export function findUserByEmail(db: Db, email: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').select(COLUMNS).where('email', '=', email).executeTakeFirst()
}

/** `false` when the name or the e-mail address is taken. */
export async function insertUser(db: Db, user: Insertable<UsersTable>): Promise<boolean> {
  const result = await db
    .insertInto('users')
    .values(user)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes a user; an e-mail address that is taken fails as a unique violation. */
export async function updateUser(
  db: Db,
  id: string,
  set: Partial<Pick<UserRow, 'scopes' | 'disabledAt' | 'displayName' | 'email'>>,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('users').set(set).where('id', '=', id).execute()
}

/** Removes a user; sessions, keys, memberships and identities go with them. */
export async function deleteUserRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('users').where('id', '=', id).execute()
}
