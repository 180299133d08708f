import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { hasAllScopes, type Scope } from '../../access/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { getUser } from '../sessions/revoke-sessions.ts'
import { revokeLiveSessions } from '../sessions/session-queries.ts'
import { requireLocalAccounts } from './local-accounts.ts'
import { countLiveKeys, findHeldScopes, updatePassword } from './password-queries.ts'
import type { Passwords } from './passwords.ts'

/** Parts that changing a password needs. */
export type PasswordDeps = Pick<AccountDeps, 'database' | 'clock'> & {
  readonly config: { readonly auth: { readonly localAccounts: boolean } }
  readonly passwords: Passwords
}

/** What a new password has ended, and what it has not. */
export interface PasswordChange {
  readonly sessionsRevoked: number
  readonly apiKeysKept: number
}

interface StorePassword {
  readonly user: { readonly id: string; readonly username: string }
  readonly passwordHash: string
  readonly replaced?: string
  readonly origin: Origin
}

/** `undefined` when the password that was to be replaced is not there any more. */
async function storePassword(deps: PasswordDeps, tx: Db, input: StorePassword): Promise<PasswordChange | undefined> {
  const { user, origin, ...password } = input
  const nowMs = deps.clock.now()
  if (!(await updatePassword(tx, { userId: user.id, ...password }))) return undefined
  const sessionsRevoked = await revokeLiveSessions(tx, { userId: user.id, nowMs })
  const apiKeysKept = await countLiveKeys(tx, user.id, nowMs)
  const details = { sessions_revoked: sessionsRevoked }
  await recordAudit(tx, { at: nowMs, origin, action: 'user.change_password', object: user.username, details })
  return { sessionsRevoked, apiKeysKept }
}

/**
 * Changes the caller's own password and ends all their sessions, this one too, in one transaction. API keys stay: pipelines use
 * them, and each can be revoked by itself.
 *
 * @throws {RegistryError} PASSWORD_WRONG, RULE_BROKEN for the new one, SCOPE_MISSING for an API key, LOCAL_ACCOUNTS_OFF,
 *   RATE_LIMITED.
 */
export async function changeOwnPassword(
  deps: PasswordDeps,
  input: { readonly currentPassword: string; readonly newPassword: string; readonly origin: Origin },
): Promise<PasswordChange> {
  const { origin, currentPassword, newPassword } = input
  requireLocalAccounts(deps.config, 'change the password')
  const user = await getUser(deps.database.db, personOf(origin.actor), 'change the password of')
  const replaced = user.passwordHash
  if (replaced === null || !(await deps.passwords.verify(currentPassword, replaced))) throw passwordWrong()
  if (newPassword === currentPassword) {
    throw new RegistryError('RULE_BROKEN', 'Cannot change the password: the new one is the current one', { hint: 'Choose another one' })
  }
  const passwordHash = await deps.passwords.hash(newPassword, user.username)
  const store = (tx: Db) => storePassword(deps, tx, { user, passwordHash, replaced, origin })
  const change = await deps.database.db.transaction().execute(store)
  if (change === undefined) throw passwordWrong()
  return change
}

/**
 * Gives another user a password and ends all their sessions, in one transaction; their API keys stay.
 *
 * @throws {RegistryError} USER_NOT_FOUND, RULE_BROKEN for the password or one's own account, LOCAL_ACCOUNTS_OFF, RATE_LIMITED;
 *   SCOPE_MISSING for somebody who holds more than the caller, who could else become them.
 */
export async function setPassword(
  deps: PasswordDeps,
  input: { readonly userId: string; readonly password: string; readonly origin: Origin },
): Promise<PasswordChange> {
  const { userId, password, origin } = input
  requireLocalAccounts(deps.config, 'set the password')
  const user = await getUser(deps.database.db, userId, 'set the password of')
  if (user.id === origin.actor.id) throw ownPassword()
  const passwordHash = await deps.passwords.hash(password, user.username)
  return await deps.database.db.transaction().execute(async (tx) => {
    // Not before the hash, which takes its time: the user may have been given more meanwhile.
    await requireNoMoreScopes(tx, origin.actor, user)
    const change = await storePassword(deps, tx, { user, passwordHash, origin })
    if (change === undefined) throw new RegistryError('USER_NOT_FOUND', `Cannot set the password of "${userId}": there is no such user`)
    return change
  })
}

/** Whoever found a key shall not be able to lock its owner out. */
function personOf(actor: Actor): string {
  if (actor.kind === 'session' && actor.id !== null) return actor.id
  throw new RegistryError('SCOPE_MISSING', 'Cannot change the password: an API key cannot', { hint: 'Sign in' })
}

async function requireNoMoreScopes(db: Db, actor: Actor, user: { readonly id: string; readonly username: string }): Promise<void> {
  if (hasAllScopes(actor.scopes, (await findHeldScopes(db, user.id)) as Scope[])) return
  throw new RegistryError(
    'SCOPE_MISSING',
    `Cannot set the password of "${user.username}": they hold scopes that "${actor.name}" does not`,
    {
      hint: 'Ask somebody who holds at least the same scopes',
    },
  )
}

function passwordWrong(): RegistryError {
  return new RegistryError('PASSWORD_WRONG', 'Cannot change the password: the current password is wrong', {
    hint: 'Try again, or ask an administrator for a new password',
  })
}

function ownPassword(): RegistryError {
  return new RegistryError('RULE_BROKEN', 'Cannot set the password: it is your own', {
    hint: 'Change it with PUT /api/v1/auth/password, which asks for the current one',
  })
}
