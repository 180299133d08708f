import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasAllScopes, hasAnyScope, hasScope, isScope, narrowScopes, parseScopes, SCOPES, type Scope } from './scopes.ts'

const ALL = Object.keys(SCOPES) as Scope[]
const someScopes = fc.subarray(ALL)

describe('scopes', () => {
  // requirements.md RBA-03.
  test.each<[Scope, Scope, boolean]>([
    ['providers:write', 'providers:read', true],
    ['mirrors:manage', 'mirrors:read', true],
    ['storage:manage', 'storage:write', true],
    ['storage:manage', 'storage:read', true],
    ['providers:read', 'providers:write', false],
    ['storage:write', 'storage:manage', false],
    ['providers:write', 'modules:read', false],
    ['admin', 'audit:read', true],
    ['users:manage', 'admin', false],
  ])('%s implies %s: %s', (held, needed, expected) => {
    expect(hasScope([held], needed)).toBe(expected)
  })

  test('admin implies every scope, and the synonym does too', () => {
    expect(hasAllScopes(['admin'], ALL)).toBe(true)
    expect(hasAllScopes(['admin:*'], ALL)).toBe(true)
  })

  test('no scope allows nothing', () => {
    expect(ALL.filter((scope) => hasScope([], scope))).toEqual([])
  })

  test('any and all differ', () => {
    const held = ['providers:read']
    expect(hasAnyScope(held, ['providers:read', 'modules:read'])).toBe(true)
    expect(hasAllScopes(held, ['providers:read', 'modules:read'])).toBe(false)
    expect([hasAnyScope(held, []), hasAllScopes(held, [])]).toEqual([false, true])
  })

  test('stored scopes are known, unique and sorted', () => {
    expect(parseScopes(['providers:write', 'admin:*', 'providers:write', 'audit:read'])).toEqual(['admin', 'audit:read', 'providers:write'])
  })

  test.each(['root', 'providers:delete', 'providers:*', '', 'Admin', 'toString', '__proto__'])('%j cannot be granted', (text) => {
    expect(isScope(text)).toBe(false)
    expect(() => parseScopes([text])).toThrow(`Cannot use scope "${text}"`)
  })

  test('a narrowed grant is what both sides allow', () => {
    expect(narrowScopes(['admin'], ['providers:write'])).toEqual(['providers:read', 'providers:write'])
    expect(narrowScopes(['providers:read'], ['admin'])).toEqual(['providers:read'])
    expect(narrowScopes(['modules:write'], ['providers:write'])).toEqual([])
  })

  test('a narrowed grant never allows what one side does not', () => {
    fc.assert(
      fc.property(someScopes, someScopes, fc.constantFrom(...ALL), (granted, owned, scope) => {
        expect(hasScope(narrowScopes(granted, owned), scope)).toBe(hasScope(granted, scope) && hasScope(owned, scope))
      }),
    )
  })
})
