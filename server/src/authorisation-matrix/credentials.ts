import { encodeJson } from '../base/database/columns.ts'
import { newId } from '../base/ids.ts'
import type { Scope } from '../features/access/index.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from '../features/accounts/api-keys/api-key-secrets.ts'
import { createSessionTokens } from '../features/accounts/sessions/session-tokens.ts'
import type { TestApp } from '../testing/test-app.ts'

const HOUR_MS = 3_600_000

/** A person who owns credentials. */
export interface OwnerInput {
  /** What they may do in the whole registry. */
  readonly scopes: readonly Scope[]
  readonly disabled?: boolean
}

/** The id of a new user. */
export async function addOwner({ deps }: TestApp, { scopes, disabled = false }: OwnerInput): Promise<string> {
  const id = newId()
  const createdAt = deps.clock.now()
  const row = { id, username: `owner-${id}`, scopes: encodeJson(scopes), createdAt, disabledAt: disabled ? createdAt : null }
  await deps.database.db.insertInto('users').values(row).execute()
  return id
}

/** What differs from a good key for everything its sponsor may do. */
export interface KeyInput {
  readonly userId?: string
  readonly kind?: 'key' | 'login' | 'ci'
  readonly scopes?: readonly Scope[]
  readonly trustRuleId?: string
  readonly organizationId?: string
  readonly namespaces?: readonly string[]
  readonly expired?: boolean
  readonly revoked?: boolean
}

/** The secret of a new key. */
export async function addKey({ deps }: TestApp, input: KeyInput): Promise<string> {
  const secret = createApiKeySecret()
  const now = deps.clock.now()
  const { kind = 'key', scopes = ['admin'], expired = false, revoked = false, namespaces } = input
  await deps.database.db
    .insertInto('apiKeys')
    .values({
      id: newId(),
      userId: input.userId ?? null,
      name: kind,
      kind,
      prefix: displayPrefix(secret),
      keyHash: hashApiKey(secret, deps.secrets.apiKeyKey),
      scopes: encodeJson(scopes),
      createdAt: now - HOUR_MS,
      expiresAt: expired ? now - 1 : now + HOUR_MS,
      revokedAt: revoked ? now - 1 : null,
      organizationId: input.organizationId ?? null,
      trustRuleId: input.trustRuleId ?? null,
      namespaces: namespaces === undefined ? null : encodeJson(namespaces),
    })
    .execute()
  return secret
}

/** A rule that gives pipelines keys for everything in an organisation; answers its id. */
export async function addTrustRule(
  { deps }: TestApp,
  input: { readonly organizationId: string; readonly disabled: boolean },
): Promise<string> {
  const id = newId()
  const createdAt = deps.clock.now()
  const row = {
    id,
    name: id,
    organizationId: input.organizationId,
    issuer: 'https://ci.example.com',
    audience: 'terrace',
    claims: '{}',
    scopes: encodeJson(['admin']),
    namespaces: null,
    lifeMinutes: 10,
    createdAt,
    createdBy: 'test',
    disabledAt: input.disabled ? createdAt : null,
  }
  await deps.database.db.insertInto('trustRules').values(row).execute()
  return id
}

/** A new session of somebody, as its token and its id. */
export async function addSession(
  { deps }: TestApp,
  { userId, expired = false, revoked = false }: { readonly userId: string; readonly expired?: boolean; readonly revoked?: boolean },
): Promise<{ readonly token: string; readonly id: string }> {
  const id = newId()
  const now = deps.clock.now()
  const expiresAt = expired ? now - 1 : now + HOUR_MS
  const row = { id, userId, createdAt: now - HOUR_MS, expiresAt, revokedAt: revoked ? now - 1 : null, ip: '127.0.0.1', userAgent: 'test' }
  await deps.database.db.insertInto('sessions').values(row).execute()
  const tokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock: deps.clock })
  // The token outlives the session, so that it is the session that counts.
  const token = await tokens.sign({ userId, sessionId: id }, { issuedAt: now - HOUR_MS, expiresAt: now + HOUR_MS })
  return { token, id }
}
