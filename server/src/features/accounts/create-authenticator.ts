import type { UnixMs } from '../../base/clock.ts'
import { decodeJson } from '../../base/database/columns.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import type { Authenticate } from '../../base/http/request-chain.ts'
import type { AccountDeps } from './account-deps.ts'
import { hashApiKey, isWellFormedApiKey, looksLikeApiKey } from './api-keys/api-key-secrets.ts'
import type { KeyUses } from './api-keys/key-uses.ts'
import { findApiKeyRows, findSessionRows } from './credential-queries.ts'
import { effectiveRights, UNLIMITED } from './effective-rights.ts'
import { createSessionTokens, looksLikeSessionToken, type SessionTokens } from './sessions/session-tokens.ts'

interface Life {
  readonly expiresAt: UnixMs | null
  readonly revokedAt: UnixMs | null
  /** Of the owner. */
  readonly disabledAt: UnixMs | null
}

function isAlive({ expiresAt, revokedAt, disabledAt }: Life, nowMs: UnixMs): boolean {
  return revokedAt === null && disabledAt === null && (expiresAt === null || expiresAt > nowMs)
}

type AuthenticatorDeps = Pick<AccountDeps, 'database' | 'clock'> & {
  readonly keyUses: Pick<KeyUses, 'note'>
  readonly secrets: Pick<AccountDeps['secrets'], 'jwtKey' | 'apiKeyKey'>
  readonly config: { readonly multiTenancy: { readonly enabled: boolean } }
}

/**
 * Finds out who holds a secret. Its form tells which verifier it belongs to, and it is tried against that one only (requirements.md
 * C48). The credential's row, the user's scopes and roles are read each time: revocation, disabling and a changed role act on the
 * next request, on every replica (C13, C14).
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticate {
  const sessionTokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock: deps.clock })
  return (secret) => {
    if (looksLikeApiKey(secret)) return isWellFormedApiKey(secret) ? actorOfApiKey(deps, secret) : undefined
    return looksLikeSessionToken(secret) ? actorOfSession(deps, sessionTokens, secret) : undefined
  }
}

type ApiKeyRow = Awaited<ReturnType<typeof findApiKeyRows>>[number]

/** Scopes of whoever answers for the key: its owner, or the trust rule that a pipeline's key comes from. */
function sponsorOf(key: ApiKeyRow): { readonly scopes: string; readonly disabledAt: UnixMs | null } | undefined {
  if (key.ownerScopes !== null) return { scopes: key.ownerScopes, disabledAt: key.disabledAt }
  return key.ruleScopes === null ? undefined : { scopes: key.ruleScopes, disabledAt: key.ruleDisabledAt }
}

async function actorOfApiKey({ database, clock, secrets, config, keyUses }: AuthenticatorDeps, secret: string): Promise<Actor | undefined> {
  const rows = await findApiKeyRows(database.db, hashApiKey(secret, secrets.apiKeyKey))
  const [key] = rows
  const sponsor = key && sponsorOf(key)
  if (key === undefined || sponsor === undefined) return undefined
  if (!isAlive({ ...key, disabledAt: sponsor.disabledAt }, clock.now())) return undefined
  keyUses.note(key.id)
  const limit = { scopes: decodeJson<string[]>(key.scopes), organizationId: key.organizationId }
  return {
    kind: 'api_key',
    id: key.userId,
    name: key.username === null ? key.name : `${key.username}/${key.name}`,
    ...effectiveRights(sponsor.scopes, rows, { limit, multiTenant: config.multiTenancy.enabled }),
    ...(key.namespaces !== null && { namespaces: decodeJson<string[]>(key.namespaces) }),
    credentialId: key.id,
  }
}

async function actorOfSession(deps: AuthenticatorDeps, tokens: SessionTokens, secret: string): Promise<Actor | undefined> {
  const claims = await tokens.verify(secret)
  if (claims === undefined) return undefined
  const rows = await findSessionRows(deps.database.db, claims.sessionId)
  const [session] = rows
  if (session === undefined || session.userId !== claims.userId || !isAlive(session, deps.clock.now())) return undefined
  return {
    kind: 'session',
    id: session.userId,
    name: session.username,
    ...effectiveRights(session.ownerScopes, rows, { limit: UNLIMITED, multiTenant: deps.config.multiTenancy.enabled }),
    credentialId: session.id,
  }
}
