import type { Db } from '../../../base/database/open-database.ts'
import type { AccountDeps } from '../account-deps.ts'
import { createPasswords } from '../passwords/passwords.ts'
import { type OpenedSession, type OpenSession, openSession } from './open-session.ts'
import { createSessionTokens } from './session-tokens.ts'
import { type SignIn, type SignInDeps, signIn } from './sign-in.ts'

/** What signing in works with; explicit, because the server's deps hold far more than this feature may use. */
export function signInDepsOf({ database, clock, logger, config, secrets }: AccountDeps): SignInDeps {
  return {
    database,
    clock,
    logger,
    config,
    secrets,
    sessionTokens: createSessionTokens({ jwtKey: secrets.jwtKey, clock }),
    passwords: createPasswords(config.auth),
  }
}

/** Signing in by password, for a feature with a form of its own; see `signIn`. */
export function createSignIn(deps: AccountDeps): (input: SignIn) => Promise<OpenedSession> {
  const signInDeps = signInDepsOf(deps)
  return (input) => signIn(signInDeps, input)
}

/** Opening a session for somebody who has proved who they are in another way; see `openSession`. */
export function createSessionOpener(deps: AccountDeps): (tx: Db, input: OpenSession) => Promise<OpenedSession> {
  const { config, clock } = deps
  const sessionTokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock })
  return (tx, input) => openSession({ config, clock, sessionTokens }, tx, input)
}
