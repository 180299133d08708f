import type { UnixMs } from '../../../base/clock.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { type ApiKeyRow, findApiKey, insertApiKey, revokeApiKeyRow } from './api-key-queries.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from './api-key-secrets.ts'
import {
  findKeyOrganization,
  formatEnd,
  keyNotFound,
  managesKey,
  normaliseNamespaces,
  ownsKey,
  requireFuture,
  requireScopesOf,
} from './key-access.ts'

/** The wish for an API key. */
export interface CreateApiKey {
  readonly name: string
  readonly scopes: readonly string[]
  /** `null`: never. */
  readonly expiresAt: UnixMs | null
  /** Id or name of the only organisation in which it counts; without one, everywhere its owner may. */
  readonly organization?: string | undefined
  /** The only namespaces that it may change; `null`: no restriction. */
  readonly namespaces: readonly string[] | null
  readonly origin: Origin
}

/** A new key: the row, and the secret, which cannot be shown again. */
export interface CreatedApiKey {
  readonly row: ApiKeyRow
  readonly secret: string
}

export type ApiKeyDeps = Pick<AccountDeps, 'database' | 'clock'> & {
  readonly secrets: Pick<AccountDeps['secrets'], 'apiKeyKey'>
  readonly config: Pick<AccountDeps['config'], 'multiTenancy'>
}

/**
 * Creates an API key for the caller, with scopes that the caller holds where the key counts. Only a session may: else a key that
 * was stolen could make itself successors that live longer.
 *
 * @throws {RegistryError} SCOPE_MISSING for a wider scope or an API key as caller, RULE_BROKEN for an unknown scope or a past expiry,
 *   ORGANIZATION_NOT_FOUND.
 */
export async function createApiKey(deps: ApiKeyDeps, input: CreateApiKey): Promise<CreatedApiKey> {
  const { database, clock, secrets, config } = deps
  const { origin, name, expiresAt } = input
  const { actor } = origin
  const owner = requireSession(actor)
  const createdAt = clock.now()
  requireFuture(name, expiresAt, createdAt)
  const secret = createApiKeySecret()
  return await database.db.transaction().execute(async (tx) => {
    const organization =
      input.organization === undefined
        ? undefined
        : await findKeyOrganization(tx, input.organization, { actor, multiTenant: config.multiTenancy.enabled })
    const organizationId = organization?.id ?? null
    const scopes = requireScopesOf(actor, input.scopes, { organizationId })
    const namespaces = normaliseNamespaces(input.namespaces)
    const stored = {
      id: newId(),
      kind: 'key',
      userId: owner,
      organizationId,
      name,
      prefix: displayPrefix(secret),
      scopes: encodeJson(scopes),
      namespaces: namespaces && encodeJson(namespaces),
      createdAt,
      expiresAt,
    }
    await insertApiKey(tx, { ...stored, keyHash: hashApiKey(secret, secrets.apiKeyKey) })
    const limits = { ...(organizationId !== null && { organization_id: organizationId }), ...(namespaces !== null && { namespaces }) }
    const details = { prefix: stored.prefix, scopes, ...limits, expires_at: formatEnd(expiresAt) }
    await recordAudit(tx, { at: createdAt, origin, action: 'api_key.create', object: name, details })
    return { row: { ...stored, username: actor.name, organization: organization?.name ?? null, lastUsedAt: null }, secret }
  })
}

function requireSession(actor: Actor): string {
  if (actor.kind === 'session' && actor.id !== null) return actor.id
  throw new RegistryError('SCOPE_MISSING', 'Cannot create an API key: an API key cannot make another one', {
    hint: 'Sign in with user name and password',
  })
}

/**
 * Revokes an API key; it is refused from the next request on, on every replica. A session may revoke its owner's keys, a key itself,
 * and whoever manages users the keys of the registry or of their organisation.
 *
 * @throws {RegistryError} API_KEY_NOT_FOUND also for a key that the caller may not revoke.
 */
export async function revokeApiKey(
  { database, clock }: Pick<AccountDeps, 'database' | 'clock'>,
  { id, origin }: { readonly id: string; readonly origin: Origin },
): Promise<void> {
  const { actor } = origin
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const key = await findApiKey(tx, id)
    const mayRevoke = key !== undefined && (ownsKey(actor, key) || actor.credentialId === key.id || managesKey(actor, key))
    if (!mayRevoke || !(await revokeApiKeyRow(tx, id, at))) throw keyNotFound(id, 'revoke')
    await recordAudit(tx, { at, origin, action: 'api_key.revoke', object: key.name, details: { prefix: key.prefix } })
  })
}
