import type { AccountDeps } from '../account-deps.ts'
import { createPasswords } from '../passwords/passwords.ts'
import type { OpenedSession } from './open-session.ts'
import { createSessionTokens } from './session-tokens.ts'
import { type SignIn, type SignInDeps, signIn } from './sign-in.ts'

/** What signing in works with; explicit, because the server's deps hold far more than this feature may use. */
export function signInDepsOf({ database, clock, config, secrets }: AccountDeps): SignInDeps {
  return {
    database,
    clock,
    config,
    sessionTokens: createSessionTokens({ jwtKey: secrets.jwtKey, clock }),
    passwords: createPasswords(config.auth),
  }
}

/** Signing in by password, for a feature with a form of its own; see `signIn`. */
export function createSignIn(deps: AccountDeps): (input: SignIn) => Promise<OpenedSession> {
  const signInDeps = signInDepsOf(deps)
  return (input) => signIn(signInDeps, input)
}
