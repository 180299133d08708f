import { isUniqueViolation } from '../../base/database/database-errors.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import type { OpenedSession, OpenSession } from '../accounts/index.ts'
import { type AuditEntry, recordAudit } from '../audit/index.ts'
import { lockRights } from '../organizations/index.ts'
import { readIdentity, type SignOnIdentity } from './identity-claims.ts'
import { asSignOnFailure } from './provider/provider-failures.ts'
import { type SignOnAttempt, takeAttempt } from './sign-on-attempts.ts'
import type { SignOnDeps } from './sign-on-deps.ts'
import type { SignOnParty } from './start-sign-on.ts'
import { type FoundUser, findOrCreateUser } from './users/find-or-create-user.ts'
import { type RoleSync, syncRoles } from './users/sync-roles.ts'

/** An answer that came back with a browser. */
export interface FinishSignOn extends SignOnParty {
  readonly state: string
  readonly browserSecret: string | undefined
  /** Redirect URI with the query of the answer. */
  readonly callbackUrl: URL
  readonly origin: Origin
  readonly userAgent: string
}

/** Parts that finishing works with. */
export interface FinishDeps extends SignOnDeps {
  readonly openSession: (tx: Db, input: OpenSession) => Promise<OpenedSession>
}

/** Somebody who is in. */
export interface FinishedSignOn {
  readonly session: OpenedSession
  /** A path of ours. */
  readonly returnTo: string
}

/** Two tabs of somebody new may both want to make the user. */
const TRIES = 3

/**
 * Checks the answer of a provider, finds or makes the user, brings their roles up to date and opens a session. Whoever is refused
 * is refused for good: each answer is looked at once.
 *
 * @throws {RegistryError} SIGN_ON_REFUSED; UPSTREAM_UNAVAILABLE and the like while the provider does not answer.
 */
export async function finishSignOn(deps: FinishDeps, input: FinishSignOn): Promise<FinishedSignOn> {
  let identity: SignOnIdentity | undefined
  try {
    const attempt = await takeAttempt(deps, input)
    identity = await redeem(deps, input, attempt)
    const session = await admit(deps, input, identity)
    return { session, returnTo: attempt.returnTo }
  } catch (error) {
    if (error instanceof RegistryError) await recordRefusal(deps, input, { error, identity })
    throw error
  }
}

async function redeem(deps: FinishDeps, input: FinishSignOn, attempt: SignOnAttempt): Promise<SignOnIdentity> {
  const { provider, client, callbackUrl } = input
  const claims = await client.redeem({ ...attempt, callbackUrl }).catch((error: unknown) => {
    throw asSignOnFailure(deps.logger, provider, error)
  })
  return readIdentity(provider, claims)
}

async function admit(deps: FinishDeps, input: FinishSignOn, identity: SignOnIdentity): Promise<OpenedSession> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await deps.database.db.transaction().execute((tx) => admitOnce(deps, tx, { ...input, identity }))
    } catch (error) {
      if (left === 0 || !isUniqueViolation(error)) throw error
    }
  }
}

interface Admission extends FinishSignOn {
  readonly identity: SignOnIdentity
}

async function admitOnce(deps: FinishDeps, tx: Db, admission: Admission): Promise<OpenedSession> {
  const { provider, identity, origin, userAgent } = admission
  const at = deps.clock.now()
  const multiTenant = deps.config.multiTenancy.enabled
  // Before the user's row, as in every other change of rights.
  await lockRights(tx)
  const user = await findOrCreateUser(tx, { provider, identity, at })
  const roles = await syncRoles(tx, { userId: user.id, provider, identity, at, multiTenant })
  if (roles.missing.length > 0) deps.logger.warn({ provider: provider.name, missing: roles.missing }, 'Roles of groups do not exist')
  if (roles.kept.length > 0) {
    deps.logger.warn({ provider: provider.name, username: user.username, kept: roles.kept }, 'The last administrator keeps a role')
  }
  // The row of the user is locked by now and the chain of the audit is not: the order in which everybody takes the two.
  for (const entry of auditEntries(admission, user, roles)) await recordAudit(tx, { at, ...entry })
  return deps.openSession(tx, { user: { id: user.id, username: user.username }, origin, userAgent })
}

function auditEntries({ provider, identity, origin }: Admission, user: FoundUser, roles: RoleSync): Omit<AuditEntry, 'at'>[] {
  const by = { provider: provider.name, issuer: identity.issuer, subject: identity.subject }
  const entries: Omit<AuditEntry, 'at'>[] = roles.changes.map(({ action, organization, role }) => ({
    origin,
    action,
    object: `${organization} ${user.username}`,
    details: { role, ...by },
  }))
  return user.change === undefined ? entries : [{ origin, action: user.change, object: user.username, details: by }, ...entries]
}

interface Refusal {
  readonly error: RegistryError
  readonly identity: SignOnIdentity | undefined
}

async function recordRefusal(deps: FinishDeps, { provider, origin }: FinishSignOn, { error, identity }: Refusal): Promise<void> {
  const outcome = error.code === 'SIGN_ON_REFUSED' || error.code === 'SIGN_IN_REFUSED' ? 'denied' : 'error'
  const who = identity === undefined ? {} : { issuer: identity.issuer, subject: identity.subject }
  const details = { code: error.code, reason: error.detail?.reason, ...who }
  await recordAudit(deps.database.db, { at: deps.clock.now(), origin, action: 'session.create', object: provider.name, outcome, details })
}
