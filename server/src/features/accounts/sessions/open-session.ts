import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { recordSignIn } from '../user-queries.ts'
import { insertSession } from './session-queries.ts'
import type { SessionTokens } from './session-tokens.ts'

const HOUR_MS = 3_600_000
const USER_AGENT_MAX = 256

/** A session that was just opened. */
export interface OpenedSession {
  readonly id: string
  /** Session token; shown once. */
  readonly token: string
  readonly expiresAt: UnixMs
}

/** Whose session, and where from. */
export interface OpenSession {
  readonly user: {
    readonly id: string
    readonly username: string
    /** Hash of the password that was given; without it the user came another way. */
    readonly passwordHash?: string | null
  }
  readonly origin: Origin
  readonly userAgent: string
}

/** Parts that every way of signing in shares. */
export type SessionDeps = Pick<AccountDeps, 'config' | 'clock'> & { readonly sessionTokens: SessionTokens }

/**
 * Opens a session in the caller's transaction, with its record in the audit.
 *
 * @throws {RegistryError} SIGN_IN_REFUSED when the user was disabled, or their password changed, in between.
 */
export async function openSession(deps: SessionDeps, tx: Db, { user, origin, userAgent }: OpenSession): Promise<OpenedSession> {
  const issuedAt = deps.clock.now()
  const expiresAt = issuedAt + deps.config.auth.jwtExpirationHours * HOUR_MS
  const sessionId = newId()
  if (!(await recordSignIn(tx, { id: user.id, at: issuedAt, passwordHash: user.passwordHash }))) throw signInRefused()
  await insertSession(tx, {
    id: sessionId,
    userId: user.id,
    createdAt: issuedAt,
    expiresAt,
    revokedAt: null,
    ip: origin.ip ?? '',
    userAgent: userAgent.slice(0, USER_AGENT_MAX),
  })
  await recordAudit(tx, {
    at: issuedAt,
    origin: { ...origin, actor: { kind: 'session', id: user.id, name: user.username, scopes: [], grants: [], credentialId: sessionId } },
    action: 'session.create',
    object: user.username,
  })
  const token = await deps.sessionTokens.sign({ userId: user.id, sessionId }, { issuedAt, expiresAt })
  return { id: sessionId, token, expiresAt }
}

/** Tells nothing of the reason. */
export function signInRefused(): RegistryError {
  return new RegistryError('SIGN_IN_REFUSED', 'Cannot sign in: the user name or the password is wrong', {
    hint: 'Try again, or ask an administrator for a new password',
  })
}
