import { decodeJson } from '../../base/database/columns.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import type { Actor, OrganizationGrant } from '../../base/http/edge-types.ts'
import { narrowScopes, type Scope } from '../access/index.ts'
import type { MembershipRow } from './credential-queries.ts'

/** The part of an actor that says what they may do. */
export type Rights = Pick<Actor, 'scopes' | 'grants'>

/** What bounds the rights of a credential beside its owner. */
export interface RightsLimit {
  readonly scopes: readonly string[]
  /** The only organisation in which it counts; null: everywhere. */
  readonly organizationId: string | null
}

/** Everything that the owner may do. */
export const UNLIMITED: RightsLimit = { scopes: ['admin'], organizationId: null }

const narrow = (limit: RightsLimit, held: readonly string[]): Scope[] => narrowScopes(limit.scopes, held)

/**
 * What somebody may do with a credential now: the union of their own scopes and their roles (requirements.md RBA-04), cut down to
 * the credential's. With one tenant the roles in the default organisation count in the whole registry.
 * @param held JSON array of the scopes that the owner holds without any role.
 */
export function effectiveRights(
  held: string,
  memberships: readonly MembershipRow[],
  { limit, multiTenant }: { readonly limit: RightsLimit; readonly multiTenant: boolean },
): Rights {
  const own = decodeJson<string[]>(held)
  const roles = memberships.flatMap(({ memberOf, roleScopes }) =>
    memberOf === null || roleScopes === null ? [] : [{ organizationId: memberOf, scopes: decodeJson<string[]>(roleScopes) }],
  )
  if (!multiTenant) return rightsOfOneTenant(own, roles, limit)
  if (limit.organizationId !== null) return { scopes: [], grants: grantsIn(limit.organizationId, own, { roles, limit }) }
  const grants = roles.map((role) => ({ organizationId: role.organizationId, scopes: narrow(limit, role.scopes) }))
  return { scopes: narrow(limit, own), grants }
}

interface Role {
  readonly organizationId: string
  readonly scopes: readonly string[]
}

function rightsOfOneTenant(own: readonly string[], roles: readonly Role[], limit: RightsLimit): Rights {
  const isElsewhere = limit.organizationId !== null && limit.organizationId !== DEFAULT_ORGANIZATION_ID
  const inDefault = roles.filter(({ organizationId }) => organizationId === DEFAULT_ORGANIZATION_ID).flatMap(({ scopes }) => scopes)
  return { scopes: isElsewhere ? [] : narrow(limit, [...own, ...inDefault]), grants: [] }
}

function grantsIn(
  organizationId: string,
  own: readonly string[],
  { roles, limit }: { readonly roles: readonly Role[]; readonly limit: RightsLimit },
): OrganizationGrant[] {
  const there = roles.filter((role) => role.organizationId === organizationId).flatMap(({ scopes }) => scopes)
  return [{ organizationId, scopes: narrow(limit, [...own, ...there]) }]
}
