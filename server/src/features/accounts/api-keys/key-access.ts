import type { UnixMs } from '../../../base/clock.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../../base/database/seed-rows.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, ScopeText } from '../../../base/http/edge-types.ts'
import {
  hasScope,
  holdsScope,
  mayAnywhere,
  mayBeyondNamespaces,
  mayIn,
  organizationsWhere,
  parseScopes,
  type Scope,
} from '../../access/index.ts'
import { type ApiKeyFilter, type ApiKeyRow, findOrganization } from './api-key-queries.ts'

/** The keys that a list shows: one's own, or, with `users:read`, those of the registry or of the organisations where it is held. */
export function listedKeys(actor: Actor, all: boolean | undefined): ApiKeyFilter {
  if (all !== true) return { userId: actor.id ?? '' }
  const organizationIds = organizationsWhere(actor, 'users:read')
  if (organizationIds === 'all') return 'all'
  if (organizationIds.length > 0) return { organizationIds }
  throw new RegistryError('SCOPE_MISSING', 'Cannot list the API keys of all users: the credential lacks the scope "users:read"')
}

/**
 * Whether the caller manages the users whose key it is: in the whole registry, or in the organisation of the key. A key for certain
 * namespaces does not.
 */
export function managesKey(actor: Actor, { organizationId }: Pick<ApiKeyRow, 'organizationId'>): boolean {
  const scope = 'users:manage'
  return organizationId === null ? holdsScope(actor, scope, 'registry') : mayBeyondNamespaces(actor, scope, organizationId)
}

/** Whether the caller is the owner, signed in. A key is not its owner: a stolen one must not grow. */
export function ownsKey(actor: Actor, { userId }: Pick<ApiKeyRow, 'userId'>): boolean {
  return actor.kind === 'session' && actor.id !== null && actor.id === userId
}

/**
 * Scopes that a key may be given, as they are stored.
 * @param where.organizationId where the key counts; null: everywhere its owner may.
 * @param where.held scopes that the key has already: keeping them takes nothing from anybody.
 * @throws {RegistryError} SCOPE_MISSING for one that the caller does not hold there, RULE_BROKEN for an unknown one.
 */
export function requireScopesOf(
  actor: Actor,
  texts: readonly string[],
  { organizationId, held = [] }: { readonly organizationId: string | null; readonly held?: readonly string[] },
): Scope[] {
  const scopes = parseScopes(texts)
  const holds = (scope: ScopeText) => (organizationId === null ? mayAnywhere(actor, scope) : mayIn(actor, scope, organizationId))
  const wider = scopes.filter((scope) => !hasScope(held, scope) && !holds(scope))
  if (wider.length === 0) return scopes
  throw new RegistryError('SCOPE_MISSING', `Cannot give an API key "${wider.join('", "')}": "${actor.name}" does not hold it`, {
    hint: 'Choose scopes that you hold',
    detail: { scopes: wider },
  })
}

/**
 * The organisation that a key is for.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND also for one in which the caller may nothing, RULE_BROKEN with one tenant.
 */
export async function findKeyOrganization(
  db: Db,
  idOrName: string,
  { actor, multiTenant }: { readonly actor: Actor; readonly multiTenant: boolean },
): Promise<{ id: string; name: string }> {
  const found = await findOrganization(db, idOrName)
  const isKnown = found !== undefined && (actor.scopes.length > 0 || actor.grants.some(({ organizationId }) => organizationId === found.id))
  if (!isKnown) {
    throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot use organisation "${idOrName}": there is no such organisation`)
  }
  if (multiTenant || found.id === DEFAULT_ORGANIZATION_ID) return found
  throw new RegistryError('RULE_BROKEN', `Cannot use organisation "${found.name}": this registry is for one organisation`, {
    hint: 'Leave it out, or set "multi_tenancy.enabled"',
  })
}

/** @throws {RegistryError} RULE_BROKEN for an end that is not in the future. */
export function requireFuture(name: string, expiresAt: UnixMs | null, now: UnixMs): void {
  if (expiresAt === null || expiresAt > now) return
  throw new RegistryError('RULE_BROKEN', `Cannot use the expiry of API key "${name}": it is not in the future`)
}

/** Namespaces as they are stored: lower case, each once, sorted; null: no restriction. */
export function normaliseNamespaces(names: readonly string[] | null): string[] | null {
  return names === null ? null : [...new Set(names.map((name) => name.toLowerCase()))].sort()
}

/** Namespaces of a row. */
export function namespacesOf({ namespaces }: Pick<ApiKeyRow, 'namespaces'>): string[] | null {
  return namespaces === null ? null : decodeJson<string[]>(namespaces)
}

/** A moment for the audit. */
export function formatEnd(expiresAt: UnixMs | null): string | null {
  return expiresAt === null ? null : new Date(expiresAt).toISOString()
}

/** A key that is not there, or not the caller's to change. */
export function keyNotFound(id: string, intent: 'change' | 'revoke' | 'rotate'): RegistryError {
  return new RegistryError('API_KEY_NOT_FOUND', `Cannot ${intent} the API key "${id}": there is no such key`)
}
