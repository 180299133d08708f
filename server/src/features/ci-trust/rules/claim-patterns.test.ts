import { describe, expect, test } from 'vitest'
import { requireIssuer, requireNarrowRule } from './shared-issuers.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const GITLAB = 'https://gitlab.com'

describe('a rule that would trust everybody', () => {
  test.each([
    [GITHUB, { ref: 'refs/heads/main' }],
    [GITHUB, { sub: '*' }],
    [GITHUB, { sub: 'repo:*:ref:refs/heads/main' }],
    [GITHUB, { sub: 'repo:acme*' }],
    [GITHUB, { repository: 'acme*' }],
    [GITHUB, { repository: '*/widget' }],
    [GITHUB, { repository_owner: 'acme*' }],
    [`${GITHUB}/`, { ref: 'refs/heads/main' }],
    [GITLAB, { ref_protected: 'true' }],
    [GITLAB, { project_path: '*/widget' }],
    ['https://gitlab.example.com', { sub: '*' }],
    ['https://gitlab.example.com', {}],
    ['https://gitlab.example.com', { aud: 'terrace' }],
  ])('cannot be made for %s with %j', (issuer, claims) => {
    expect(() => requireNarrowRule(issuer, claims)).toThrow('Cannot use the claims of the trust rule')
  })

  test.each([
    [GITHUB, { sub: 'repo:acme/*' }],
    [GITHUB, { repository: 'acme/widget', ref: '*' }],
    [GITHUB, { repository_owner: 'acme' }],
    [GITLAB, { project_path: 'acme/*' }],
    [GITLAB, { namespace_path: 'acme' }],
    ['https://gitlab.example.com', { ref: 'main' }],
  ])('is another than that for %s with %j', (issuer, claims) => {
    expect(() => requireNarrowRule(issuer, claims)).not.toThrow()
  })
})

test.each(['http://id.example.com', 'https://user@id.example.com', 'https://id.example.com?x=1', 'ftp://id.example.com', 'id'])(
  'the issuer %s is refused',
  (issuer) => {
    expect(() => requireIssuer(issuer)).toThrow('Cannot use the issuer')
  },
)
