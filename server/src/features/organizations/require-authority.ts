import type { Db } from '../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor, ScopeText } from '../../base/http/edge-types.ts'
import { hasScope, mayIn } from '../access/index.ts'
import type { OrganizationDeps } from './organization-deps.ts'
import { findOrganization, type OrganizationRow } from './organization-queries.ts'

/** Organisations that somebody may know of: all for whoever sees all users, else those they have a role in. */
export function visibleOrganizations({ config }: Pick<OrganizationDeps, 'config'>, actor: Actor): 'all' | readonly string[] {
  if (hasScope(actor.scopes, 'users:read')) return 'all'
  return config.multiTenancy.enabled ? actor.grants.map(({ organizationId }) => organizationId) : [DEFAULT_ORGANIZATION_ID]
}

/** What is to be done with an organisation, and by whom. */
export interface OrganizationWish {
  readonly actor: Actor
  /** Needed there; without it, seeing the organisation is enough. */
  readonly scope?: ScopeText
  /** For the refusal: `list the members of`. */
  readonly intent: string
}

/**
 * The organisation of a name in any case, for somebody who may do this there.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND also for one that the caller may not know of, SCOPE_MISSING.
 */
export async function requireOrganization(
  { config }: Pick<OrganizationDeps, 'config'>,
  db: Db,
  { name, ...wish }: OrganizationWish & { readonly name: string },
): Promise<OrganizationRow> {
  const row = await findOrganization(db, name.toLowerCase())
  const visible = visibleOrganizations({ config }, wish.actor)
  if (row === undefined || !(visible === 'all' || visible.includes(row.id))) {
    throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot ${wish.intent} organisation "${name}": there is no such organisation`, {
      hint: 'GET /api/v1/organizations lists those that you may see',
    })
  }
  if (wish.scope !== undefined && !mayIn(wish.actor, wish.scope, row.id)) throw lacksScope(wish, wish.scope, row.name)
  return row
}

function lacksScope({ actor, intent }: OrganizationWish, scope: ScopeText, name: string): RegistryError {
  return new RegistryError('SCOPE_MISSING', `Cannot ${intent} organisation "${name}": "${actor.name}" lacks "${scope}" in it`, {
    hint: 'Ask an administrator of the organisation',
    detail: { scope },
  })
}

/** Scopes that somebody wants to give, take, or act upon. */
export interface ScopesInQuestion {
  readonly scopes: readonly string[]
  /** Where they count; null: in the whole registry. */
  readonly organizationId: string | null
  /** For the refusal: `give role "admin"`. */
  readonly intent: string
}

/**
 * Refuses whoever does not hold all of these scopes themselves: nobody gives what they do not have, and nobody takes from or stands
 * in for those who may do more.
 *
 * @throws {RegistryError} SCOPE_MISSING; also for a key that is bound to namespaces, which would shed its bonds.
 */
export function requireOwnScopes(actor: Actor, { scopes, organizationId, intent }: ScopesInQuestion): void {
  if (actor.namespaces !== undefined) {
    throw new RegistryError('SCOPE_MISSING', `Cannot ${intent}: the key of "${actor.name}" is for certain namespaces only`, {
      hint: 'Sign in, or use a key without that restriction',
    })
  }
  const holds = (scope: ScopeText) => (organizationId === null ? hasScope(actor.scopes, scope) : mayIn(actor, scope, organizationId))
  const wider = scopes.filter((scope) => !holds(scope as ScopeText))
  if (wider.length === 0) return
  throw new RegistryError('SCOPE_MISSING', `Cannot ${intent}: it takes "${wider.join('", "')}", which "${actor.name}" does not hold`, {
    hint: 'Ask somebody who holds at least these scopes',
    detail: { scopes: wider },
  })
}
