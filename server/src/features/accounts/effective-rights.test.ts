import { describe, expect, test } from 'vitest'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import type { MembershipRow } from './credential-queries.ts'
import { effectiveRights, UNLIMITED } from './effective-rights.ts'

const role = (memberOf: string, ...scopes: string[]): MembershipRow => ({ memberOf, roleScopes: JSON.stringify(scopes) })
const NONE: MembershipRow = { memberOf: null, roleScopes: null }
const OWN = '["providers:read"]'

describe('with one tenant', () => {
  const multiTenant = false

  test('a role in the default organisation counts in the whole registry', () => {
    const rights = effectiveRights(OWN, [role(DEFAULT_ORGANIZATION_ID, 'audit:read')], { limit: UNLIMITED, multiTenant })
    expect(rights).toEqual({ scopes: ['providers:read', 'audit:read'], grants: [] })
  })

  test('a role elsewhere counts nowhere', () => {
    expect(effectiveRights(OWN, [role('red', 'admin')], { limit: UNLIMITED, multiTenant }).scopes).toEqual(['providers:read'])
  })

  test('a key of another organisation may do nothing', () => {
    const limit = { scopes: ['admin'], organizationId: 'red' }
    expect(effectiveRights('["admin"]', [NONE], { limit, multiTenant })).toEqual({ scopes: [], grants: [] })
  })
})

describe('with several tenants', () => {
  const multiTenant = true

  test('a role counts in its organisation, own scopes everywhere', () => {
    const rights = effectiveRights(OWN, [role('red', 'modules:read'), role('blue', 'audit:read')], { limit: UNLIMITED, multiTenant })
    expect(rights).toEqual({
      scopes: ['providers:read'],
      grants: [
        { organizationId: 'red', scopes: ['modules:read'] },
        { organizationId: 'blue', scopes: ['audit:read'] },
      ],
    })
  })

  test('a key of an organisation counts there only, even for an administrator of everything', () => {
    const limit = { scopes: ['modules:write'], organizationId: 'red' }
    expect(effectiveRights('["admin"]', [NONE], { limit, multiTenant })).toEqual({
      scopes: [],
      grants: [{ organizationId: 'red', scopes: ['modules:read', 'modules:write'] }],
    })
  })

  test('a key is never wider than the role of its owner', () => {
    const limit = { scopes: ['modules:write', 'audit:read'], organizationId: null }
    const rights = effectiveRights('[]', [role('red', 'modules:read')], { limit, multiTenant })
    expect(rights).toEqual({ scopes: [], grants: [{ organizationId: 'red', scopes: ['modules:read'] }] })
  })
})
