import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { requireLocalAccounts } from '../passwords/local-accounts.ts'
import type { Passwords } from '../passwords/passwords.ts'
import { findUserByName } from '../user-queries.ts'
import { type OpenedSession, openSession, type SessionDeps, signInRefused } from './open-session.ts'

/** A try to sign in. */
export interface SignIn {
  readonly username: string
  readonly password: string
  readonly origin: Origin
  readonly userAgent: string
}

/** Parts that signing in by password needs. */
export type SignInDeps = Pick<AccountDeps, 'database' | 'logger'> &
  SessionDeps & { readonly passwords: Passwords; readonly secrets: Pick<AccountDeps['secrets'], 'csrfKey'> }

/**
 * Signs in with user name and password. An unknown user, a wrong password and a disabled user get the same answer in the same time.
 *
 * @throws {RegistryError} SIGN_IN_REFUSED; LOCAL_ACCOUNTS_OFF; RATE_LIMITED when too many sign in at once.
 */
export async function signIn(deps: SignInDeps, input: SignIn): Promise<OpenedSession> {
  requireLocalAccounts(deps.config, 'sign in with a password')
  const { db } = deps.database
  const { origin, userAgent } = input
  const user = await findUserByName(db, input.username.trim().toLowerCase())
  const matches = await deps.passwords.verify(input.password, user?.passwordHash)
  if (user === undefined || !matches || user.disabledAt !== null) {
    // The name of an unknown user is not kept: people type passwords into the wrong field.
    const object = user?.username ?? 'unknown user'
    const details = { reason: matches ? 'disabled' : 'wrong password' }
    await recordAudit(db, { at: deps.clock.now(), origin, action: 'session.create', object, outcome: 'denied', details })
    throw signInRefused()
  }
  return await db.transaction().execute((tx) => openSession(deps, tx, { user, origin, userAgent }))
}
