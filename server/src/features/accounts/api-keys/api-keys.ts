import type { UnixMs } from '../../../base/clock.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { hasScope, parseScopes, type Scope } from '../../access/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { type ApiKeyRow, findApiKey, insertApiKey, revokeApiKeyRow } from './api-key-queries.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from './api-key-secrets.ts'

/** The wish for an API key. */
export interface CreateApiKey {
  readonly name: string
  readonly scopes: readonly string[]
  /** `null`: never. */
  readonly expiresAt: UnixMs | null
  readonly origin: Origin
}

/** A new key: the row, and the secret, which cannot be shown again. */
export interface CreatedApiKey {
  readonly row: ApiKeyRow
  readonly secret: string
}

type ApiKeyDeps = Pick<AccountDeps, 'database' | 'clock'> & { readonly secrets: Pick<AccountDeps['secrets'], 'apiKeyKey'> }

/**
 * Creates an API key for the caller, with scopes that the caller holds. Only a session may: else a key that was stolen could make
 * itself successors that live longer.
 *
 * @throws {RegistryError} SCOPE_MISSING for a wider scope or an API key as caller, RULE_BROKEN for an unknown scope or a past expiry.
 */
export async function createApiKey({ database, clock, secrets }: ApiKeyDeps, input: CreateApiKey): Promise<CreatedApiKey> {
  const { origin, name, expiresAt } = input
  const { actor } = origin
  const owner = requireSession(actor)
  const scopes = requireScopesOf(actor, input.scopes)
  const createdAt = clock.now()
  if (expiresAt !== null && expiresAt <= createdAt) {
    throw new RegistryError('RULE_BROKEN', `Cannot create the API key "${name}": its expiry is not in the future`)
  }
  const secret = createApiKeySecret()
  const row = { id: newId(), userId: owner, name, prefix: displayPrefix(secret), scopes: encodeJson(scopes), createdAt, expiresAt }
  await database.db.transaction().execute(async (tx) => {
    await insertApiKey(tx, { ...row, keyHash: hashApiKey(secret, secrets.apiKeyKey), revokedAt: null })
    const details = { prefix: row.prefix, scopes, expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() }
    await recordAudit(tx, { at: createdAt, origin, action: 'api_key.create', object: name, details })
  })
  return { row: { ...row, username: actor.name }, secret }
}

function requireSession(actor: Actor): string {
  if (actor.kind === 'session' && actor.id !== null) return actor.id
  throw new RegistryError('SCOPE_MISSING', 'Cannot create an API key: an API key cannot make another one', {
    hint: 'Sign in with user name and password',
  })
}

function requireScopesOf(actor: Actor, texts: readonly string[]): Scope[] {
  const scopes = parseScopes(texts)
  const wider = scopes.filter((scope) => !hasScope(actor.scopes, scope))
  if (wider.length === 0) return scopes
  throw new RegistryError('SCOPE_MISSING', `Cannot create an API key with "${wider.join('", "')}": "${actor.name}" does not hold it`, {
    hint: 'Choose scopes that you hold',
    detail: { scopes: wider },
  })
}

/** Whether the caller may revoke the key: a session its own keys, a key itself, and who manages users every key. */
function mayRevoke(actor: Actor, key: { readonly id: string; readonly userId: string | null }): boolean {
  if (hasScope(actor.scopes, 'users:manage')) return true
  return actor.kind === 'session' ? actor.id === key.userId : actor.credentialId === key.id
}

/**
 * Revokes an API key; it is refused from the next request on, on every replica.
 *
 * @throws {RegistryError} API_KEY_NOT_FOUND also for a key that the caller may not revoke.
 */
export async function revokeApiKey(
  { database, clock }: Pick<AccountDeps, 'database' | 'clock'>,
  { id, origin }: { readonly id: string; readonly origin: Origin },
): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const key = await findApiKey(tx, id)
    if (key === undefined || !mayRevoke(origin.actor, key) || !(await revokeApiKeyRow(tx, id, at))) {
      throw new RegistryError('API_KEY_NOT_FOUND', `Cannot revoke the API key "${id}": there is no such key`)
    }
    await recordAudit(tx, { at, origin, action: 'api_key.revoke', object: key.name, details: { prefix: key.prefix } })
  })
}
