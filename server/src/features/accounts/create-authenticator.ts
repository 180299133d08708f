import type { UnixMs } from '../../base/clock.ts'
import { decodeJson } from '../../base/database/columns.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import type { Authenticate } from '../../base/http/request-chain.ts'
import { narrowScopes } from '../access/index.ts'
import type { AccountDeps } from './account-deps.ts'
import { findApiKeyByHash } from './api-keys/api-key-queries.ts'
import { hashApiKey, isWellFormedApiKey, looksLikeApiKey } from './api-keys/api-key-secrets.ts'
import { findSession } from './session-queries.ts'
import { createSessionTokens, looksLikeSessionToken, type SessionTokens } from './session-tokens.ts'

interface Life {
  readonly expiresAt: UnixMs | null
  readonly revokedAt: UnixMs | null
  readonly disabledAt: UnixMs | null
}

function isAlive({ expiresAt, revokedAt, disabledAt }: Life, nowMs: UnixMs): boolean {
  return revokedAt === null && disabledAt === null && (expiresAt === null || expiresAt > nowMs)
}

type AuthenticatorDeps = Pick<AccountDeps, 'database' | 'clock'> & {
  readonly secrets: Pick<AccountDeps['secrets'], 'jwtKey' | 'apiKeyKey'>
}

/**
 * Finds out who holds a secret. Its form tells which verifier it belongs to, and it is tried against that one only (requirements.md
 * C48). The credential's row and the user's scopes are read each time: revocation, disabling and a changed scope act on the next
 * request, on every replica (C13, C14).
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticate {
  const sessionTokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock: deps.clock })
  return (secret) => {
    if (looksLikeApiKey(secret)) return isWellFormedApiKey(secret) ? actorOfApiKey(deps, secret) : undefined
    return looksLikeSessionToken(secret) ? actorOfSession(deps, sessionTokens, secret) : undefined
  }
}

async function actorOfApiKey({ database, clock, secrets }: AuthenticatorDeps, secret: string): Promise<Actor | undefined> {
  const key = await findApiKeyByHash(database.db, hashApiKey(secret, secrets.apiKeyKey))
  if (key === undefined || !isAlive(key, clock.now())) return undefined
  return {
    kind: 'api_key',
    id: key.userId,
    name: `${key.username}/${key.name}`,
    scopes: narrowScopes(decodeJson<string[]>(key.scopes), decodeJson<string[]>(key.ownerScopes)),
    credentialId: key.id,
  }
}

async function actorOfSession(deps: AuthenticatorDeps, tokens: SessionTokens, secret: string): Promise<Actor | undefined> {
  const claims = await tokens.verify(secret)
  if (claims === undefined) return undefined
  const session = await findSession(deps.database.db, claims.sessionId)
  if (session === undefined || session.userId !== claims.userId || !isAlive(session, deps.clock.now())) return undefined
  return {
    kind: 'session',
    id: session.userId,
    name: session.username,
    scopes: narrowScopes(['admin'], decodeJson<string[]>(session.scopes)),
    credentialId: session.id,
  }
}
