import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { endLoginCodes, revokeSession } from './session-queries.ts'

/**
 * Ends the session of the caller; its token is refused from the next request on, on every replica.
 *
 * @throws {RegistryError} RULE_BROKEN when the caller uses an API key.
 */
export async function signOut(deps: Pick<AccountDeps, 'database' | 'clock'>, origin: Origin): Promise<void> {
  const { actor } = origin
  if (actor.kind !== 'session' || actor.credentialId === null) {
    throw new RegistryError('RULE_BROKEN', 'Cannot sign out: the credential is not a session', { hint: 'Revoke the API key instead' })
  }
  const sessionId = actor.credentialId
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    if (!(await revokeSession(tx, sessionId, at))) return
    if (actor.id !== null) await endLoginCodes(tx, { userId: actor.id, nowMs: at })
    await recordAudit(tx, { at, origin, action: 'session.revoke', object: actor.name })
  })
}
