import type { Insertable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { UserIdentitiesTable } from '../../../base/database/identity-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { UsersTable } from '../../../base/database/schema.ts'

/** The user of an identity. */
export function findUserByIdentity(db: Db, { issuer, subject }: { readonly issuer: string; readonly subject: string }) {
  return db
    .selectFrom('userIdentities')
    .innerJoin('users', 'users.id', 'userIdentities.userId')
    .select(['users.id', 'users.username', 'users.email', 'users.disabledAt'])
    .where('userIdentities.issuer', '=', issuer)
    .where('userIdentities.subject', '=', subject)
    .executeTakeFirst()
}

/** The user of an e-mail address in lower case. */
export function findUserByEmail(db: Db, email: string) {
  return db.selectFrom('users').select(['id', 'username', 'email', 'disabledAt']).where('email', '=', email).executeTakeFirst()
}

/** Which of some user names are taken. */
export async function listTakenNames(db: Db, usernames: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('users')
    .select('username')
    .where('username', 'in', [...usernames])
    .execute()
  return rows.map(({ username }) => username)
}

/** Adds a user; a taken name or address fails as a unique violation. */
export async function insertUser(db: Db, user: Insertable<UsersTable>): Promise<void> {
  await db.insertInto('users').values(user).execute()
}

/** Adds an identity; one that is known already fails as a unique violation. */
export async function insertIdentity(db: Db, identity: Insertable<UserIdentitiesTable>): Promise<void> {
  await db.insertInto('userIdentities').values(identity).execute()
}

/** What a sign-in changes of a user. */
export interface UserProfile {
  readonly displayName: string | null
  /** Null: the address stays as it is. */
  readonly email: string | null
}

/** Writes the profile and keeps the user's row until the end of the transaction. */
export async function updateProfile(db: Db, id: string, { displayName, email }: UserProfile): Promise<void> {
  await db
    .updateTable('users')
    .set({ displayName, ...(email === null ? {} : { email }) })
    .where('id', '=', id)
    .execute()
}

/** Takes the password of a user away. */
export async function clearPassword(db: Db, id: string): Promise<void> {
  await db.updateTable('users').set({ passwordHash: null }).where('id', '=', id).execute()
}

/** Notes that an identity was used. */
export async function updateIdentity(
  db: Db,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
  seen: { readonly email: string | null; readonly at: UnixMs },
): Promise<void> {
  await db
    .updateTable('userIdentities')
    .set({ email: seen.email, lastSignInAt: seen.at })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute()
}
