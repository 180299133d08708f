import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { findUserById } from '../user-queries.ts'
import { deleteExpiredSessions, revokeLiveSession, revokeLiveSessions } from './session-queries.ts'

type RevokeDeps = Pick<AccountDeps, 'database' | 'clock'>

/** Sessions to end: those of a user, or one of them. */
export interface RevokeSessions {
  readonly userId: string
  readonly origin: Origin
}

/**
 * Ends one session of a user; its token is refused from the next request on, on every replica.
 *
 * @throws {RegistryError} SESSION_NOT_FOUND also for the session of somebody else.
 */
export async function revokeSessionOf(deps: RevokeDeps, { userId, sessionId, origin }: RevokeSessions & { readonly sessionId: string }) {
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    const user = await findUserById(tx, userId)
    const revoked = user !== undefined && (await revokeLiveSession(tx, { userId, nowMs: at }, sessionId))
    if (!revoked) throw new RegistryError('SESSION_NOT_FOUND', `Cannot revoke the session "${sessionId}": there is no such session`)
    await recordAudit(tx, { at, origin, action: 'session.revoke', object: user.username, details: { session_id: sessionId } })
  })
}

/**
 * Ends every session of a user; answers how many.
 *
 * @throws {RegistryError} USER_NOT_FOUND.
 */
export async function revokeAllSessions(deps: RevokeDeps, { userId, origin }: RevokeSessions): Promise<number> {
  const at = deps.clock.now()
  return await deps.database.db.transaction().execute(async (tx) => {
    const { username } = await getUser(tx, userId, 'revoke the sessions of')
    const revoked = await revokeLiveSessions(tx, { userId, nowMs: at })
    await recordAudit(tx, { at, origin, action: 'session.revoke', object: username, details: { sessions: revoked } })
    return revoked
  })
}

/**
 * The user of an id.
 * @param intent what cannot be done without, for the message: `revoke the sessions of`.
 * @throws {RegistryError} USER_NOT_FOUND.
 */
export async function getUser(db: RevokeDeps['database']['db'], userId: string, intent: string) {
  const user = await findUserById(db, userId)
  if (user !== undefined) return user
  throw new RegistryError('USER_NOT_FOUND', `Cannot ${intent} "${userId}": there is no such user`)
}

/** Removes the rows of expired sessions. Several replicas may do so at once. */
export async function sweepSessions({ database, clock }: RevokeDeps): Promise<number> {
  return await deleteExpiredSessions(database.db, clock.now())
}
