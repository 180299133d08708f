import { encodeJson } from '../../../base/database/columns.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import { type OpenedSession, openSession } from '../sessions/open-session.ts'
import type { SignInDeps } from '../sessions/sign-in.ts'
import { countUsers, insertUser } from '../user-queries.ts'
import { parseUsername } from '../usernames.ts'
import { consumeSetupToken, findSetupToken, type StoredSetupToken } from './setup-queries.ts'
import { hashSetupToken } from './setup-tokens.ts'

/** The set-up's form. */
export interface SetUp {
  readonly token: string
  readonly username: string
  readonly password: string
  readonly origin: Origin
  readonly userAgent: string
}

/**
 * Makes the first administrator with the one-time token, and signs them in. Of several that try at once, one succeeds.
 *
 * @throws {RegistryError} SETUP_DONE when there is a user, SETUP_TOKEN_INVALID, RULE_BROKEN for the user name or password.
 */
export async function setUp(deps: SignInDeps, input: SetUp): Promise<OpenedSession> {
  const { db } = deps.database
  if ((await countUsers(db)) > 0) throw setupDone()
  const token = await requireSetupToken(deps, input)
  const username = parseUsername(input.username)
  const passwordHash = await deps.passwords.hash(input.password, username)
  const at = deps.clock.now()
  return await db.transaction().execute(async (tx) => {
    if (!(await consumeSetupToken(tx, token))) throw setupDone()
    const user = { id: newId(), username, passwordHash, scopes: encodeJson(['admin']), createdAt: at, disabledAt: null }
    if (!(await insertUser(tx, user))) throw setupDone()
    const { origin, userAgent } = input
    await recordAudit(tx, { at, origin, action: 'user.create', object: username, details: { by: 'set-up token' } })
    return await openSession(deps, tx, { user, origin, userAgent })
  })
}

/** The stored token, when the given one is it. Only hashes are compared, so the time tells nothing about the token. */
async function requireSetupToken(deps: SignInDeps, { token, origin }: SetUp): Promise<StoredSetupToken> {
  const stored = await findSetupToken(deps.database.db)
  const at = deps.clock.now()
  if (stored !== undefined && stored.hash === hashSetupToken(token) && stored.expiresAt > at) return stored
  // Another set-up may have used the token since the first look.
  if ((await countUsers(deps.database.db)) > 0) throw setupDone()
  await recordAudit(deps.database.db, { at, origin, action: 'user.create', object: 'first administrator', outcome: 'denied' })
  throw new RegistryError('SETUP_TOKEN_INVALID', 'Cannot set up: the token is wrong, used or expired', {
    hint: 'Restart the server; it writes a valid token to its log',
  })
}

function setupDone(): RegistryError {
  return new RegistryError('SETUP_DONE', 'Cannot set up: there is an administrator already', { hint: 'Sign in' })
}
