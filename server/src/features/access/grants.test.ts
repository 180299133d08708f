import { describe, expect, test } from 'vitest'
import type { Actor } from '../../base/http/edge-types.ts'
import { holdsScope, mayAnywhere, mayIn, organizationsWhere } from './grants.ts'
import type { Scope } from './scopes.ts'

const member: Pick<Actor, 'scopes' | 'grants'> = {
  scopes: ['providers:read'],
  grants: [
    { organizationId: 'red', scopes: ['modules:write'] },
    { organizationId: 'blue', scopes: ['modules:read'] },
  ],
}

describe('grants', () => {
  test('a role counts in its own organisation only', () => {
    expect([mayIn(member, 'modules:write', 'red'), mayIn(member, 'modules:write', 'blue')]).toEqual([true, false])
    expect([mayIn(member, 'modules:read', 'red'), mayIn(member, 'modules:read', 'green')]).toEqual([true, false])
  })

  test('a scope of the whole registry counts in every organisation', () => {
    expect([mayIn(member, 'providers:read', 'red'), mayIn(member, 'providers:read', 'green')]).toEqual([true, true])
  })

  test('somewhere is enough when no organisation is named', () => {
    expect([mayAnywhere(member, 'modules:write'), mayAnywhere(member, 'users:manage')]).toEqual([true, false])
  })

  test('a key for certain namespaces changes nothing of the whole registry', () => {
    const bound: Pick<Actor, 'scopes' | 'grants' | 'namespaces'> = { scopes: ['admin'], grants: [], namespaces: ['acme'] }
    const held = (scope: Scope, within: 'registry' | 'organization') => holdsScope(bound, scope, within)
    expect([held('users:manage', 'registry'), held('mirrors:manage', 'registry'), held('admin', 'registry')]).toEqual([false, false, false])
    expect([held('users:read', 'registry'), held('modules:write', 'organization')]).toEqual([true, true])
    expect(holdsScope({ ...bound, namespaces: undefined }, 'users:manage', 'registry')).toBe(true)
  })

  test('the organisations of a scope are listed', () => {
    expect(organizationsWhere(member, 'modules:write')).toEqual(['red'])
    expect(organizationsWhere(member, 'providers:read')).toBe('all')
    expect(organizationsWhere(member, 'users:manage')).toEqual([])
  })
})
