import { describe, expect, test } from 'vitest'
import type { Actor } from '../../base/http/edge-types.ts'
import { listAccessChoices, scopesOfChoice } from './login-access.ts'

type Held = Actor['scopes']

const somebody = (scopes: Held, inOrganization: Held = []) => ({
  scopes,
  grants: [{ organizationId: 'acme', scopes: inOrganization }],
})
const offered = (scopes: Held, inOrganization?: Held) => listAccessChoices(somebody(scopes, inOrganization)).map(({ access }) => access)

describe('what a token may do', () => {
  test.each<[Held, string[]]>([
    [[], ['read']],
    [['modules:read', 'providers:read'], ['read']],
    [['modules:write'], ['read', 'publish']],
    [
      ['modules:write', 'providers:write'],
      ['read', 'publish'],
    ],
    [['audit:read'], ['read', 'everything']],
    [
      ['modules:write', 'mirrors:manage'],
      ['read', 'publish', 'everything'],
    ],
    [['admin'], ['read', 'publish', 'everything']],
  ])('who holds %j is offered %j', (held, choices) => {
    expect(offered(held)).toEqual(choices)
  })

  test('a role in one organisation counts as well', () => {
    expect(offered(['modules:read'], ['modules:write'])).toEqual(['read', 'publish'])
  })

  test('no choice has a scope that its owner does not hold, but for reading', () => {
    const { scopes } = listAccessChoices(somebody(['providers:write'])).at(-1) ?? { scopes: [] }
    expect(scopes).toEqual(['modules:read', 'providers:read', 'providers:write'])
  })

  test('everything of an administrator is one scope, of others their own', () => {
    expect(scopesOfChoice(somebody(['admin']), 'everything')).toEqual(['admin'])
    expect(scopesOfChoice(somebody(['users:manage']), 'everything')).toEqual(['users:read', 'users:manage'])
  })

  test.each(['publish', 'everything', 'admin', '', undefined])('%j is nothing that a reader was offered', (access) => {
    expect(scopesOfChoice(somebody(['modules:read']), access)).toBeUndefined()
  })
})
