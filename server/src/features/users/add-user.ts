import type { UnixMs } from '../../base/clock.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { createPasswords, parseUsername, requireLocalAccounts } from '../accounts/index.ts'
import { parseEmailAddress } from './email-addresses.ts'
import type { UserDeps } from './user-deps.ts'
import { findUserByEmail, findUserByName, insertUser } from './user-queries.ts'

/** Somebody who is to be a user. */
export interface NewUser {
  readonly username: string
  readonly email?: string | undefined
  readonly displayName?: string | undefined
  /** Without one they sign in elsewhere, or wait for somebody to set it. */
  readonly password?: string | undefined
}

/** A new user who keeps to the rules and is not stored yet. */
export interface PreparedUser {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  readonly passwordHash: string | null
}

/**
 * Checks a new user and makes the hash of their password, which takes long: before any lock is held.
 *
 * @throws {RegistryError} RULE_BROKEN, LOCAL_ACCOUNTS_OFF for a password, RATE_LIMITED when too many hashes are waited for.
 */
export async function prepareUser({ config }: Pick<UserDeps, 'config'>, input: NewUser): Promise<PreparedUser> {
  const username = parseUsername(input.username)
  const email = input.email === undefined ? null : parseEmailAddress(input.email)
  const { password, displayName = null } = input
  if (password !== undefined) requireLocalAccounts(config, `create user "${username}" with a password`)
  const passwordHash = password === undefined ? null : await createPasswords(config.auth).hash(password, username)
  return { id: newId(), username, email, displayName, passwordHash }
}

/**
 * Stores a new user.
 *
 * @throws {RegistryError} USER_EXISTS naming what is taken.
 */
export async function addUser(
  tx: Db,
  user: PreparedUser,
  { scopes, createdAt }: { readonly scopes: readonly string[]; readonly createdAt: UnixMs },
): Promise<void> {
  if (await insertUser(tx, { ...user, scopes: encodeJson(scopes), createdAt, disabledAt: null })) return
  const isNameTaken = (await findUserByName(tx, user.username)) !== undefined
  throw isNameTaken ? userExists(`create user "${user.username}"`, 'username') : userExists(`create user "${user.username}"`, 'email')
}

/**
 * Refuses an e-mail address that somebody else has.
 *
 * @throws {RegistryError} USER_EXISTS
 */
export async function requireFreeEmail(tx: Db, email: string, { id, intent }: { readonly id: string; readonly intent: string }) {
  const holder = await findUserByEmail(tx, email)
  if (holder !== undefined && holder.id !== id) throw userExists(intent, 'email')
}

/** The refusal of a name or address that is taken. */
export function userExists(intent: string, field: 'username' | 'email'): RegistryError {
  const what = field === 'username' ? 'the user name' : 'the e-mail address'
  return new RegistryError('USER_EXISTS', `Cannot ${intent}: ${what} is taken`, { hint: 'Use another one', detail: { field } })
}
