import type { Actor, ScopeText } from '../../base/http/edge-types.ts'
import { hasScope } from './scopes.ts'

/** Whether the actor may do it in the organisation, by a scope held there or in the whole registry. */
export function mayIn(actor: Pick<Actor, 'scopes' | 'grants'>, scope: ScopeText, organizationId: string): boolean {
  if (hasScope(actor.scopes, scope)) return true
  return actor.grants.some((grant) => grant.organizationId === organizationId && hasScope(grant.scopes, scope))
}

type Bound = Pick<Actor, 'scopes' | 'grants' | 'namespaces'>

/** `mayIn` for what is in no namespace of its own: a key for certain namespaces reads it and changes none of it. */
export function mayBeyondNamespaces(actor: Bound, scope: ScopeText, organizationId: string): boolean {
  return reachesBeyondNamespaces(actor, scope) && mayIn(actor, scope, organizationId)
}

function reachesBeyondNamespaces({ namespaces }: Bound, scope: ScopeText): boolean {
  return namespaces === undefined || scope.endsWith(':read')
}

/** Whether the actor may do it somewhere: in the whole registry, or in at least one organisation. */
export function mayAnywhere(actor: Pick<Actor, 'scopes' | 'grants'>, scope: ScopeText): boolean {
  return hasScope(actor.scopes, scope) || actor.grants.some((grant) => hasScope(grant.scopes, scope))
}

/** Organisations in which the actor may do it; `all` when the scope is held in the whole registry. */
export function organizationsWhere(actor: Pick<Actor, 'scopes' | 'grants'>, scope: ScopeText): 'all' | readonly string[] {
  if (hasScope(actor.scopes, scope)) return 'all'
  return actor.grants.filter((grant) => hasScope(grant.scopes, scope)).map((grant) => grant.organizationId)
}

/**
 * What the request chain asks before any handler runs. A key for certain namespaces changes nothing of the whole registry: with a
 * password that it sets for somebody it would shed its bonds, and what is mirrored is in no namespace of its own.
 */
export function holdsScope(actor: Bound, scope: ScopeText, within: 'registry' | 'organization'): boolean {
  if (within === 'organization') return mayAnywhere(actor, scope)
  return hasScope(actor.scopes, scope) && reachesBeyondNamespaces(actor, scope)
}
