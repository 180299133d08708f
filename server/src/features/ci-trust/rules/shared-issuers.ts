import { RegistryError } from '../../../base/errors.ts'
import type { ClaimPatterns } from './claim-patterns.ts'

/**
 * Issuers that give tokens to everybody in the world: the claims that say whose token it is, and how a pattern must begin to be
 * about one owner. `acme*` would also let in `acme-evil`.
 * Sources: https://docs.github.com/actions/concepts/security/openid-connect, https://docs.gitlab.com/ci/secrets/id_token_authentication/,
 * https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens,
 * https://buildkite.com/docs/pipelines/security/oidc
 */
const SHARED_ISSUERS: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  'https://token.actions.githubusercontent.com': {
    sub: /^repo:[^/*]+\//,
    repository: /^[^/*]+\//,
    repository_owner: /^[^*]+$/,
    repository_id: /^[^*]+$/,
    repository_owner_id: /^[^*]+$/,
  },
  'https://gitlab.com': {
    sub: /^project_path:[^/*]+\//,
    project_path: /^[^/*]+\//,
    project_id: /^[^*]+$/,
    namespace_path: /^[^*]+$/,
    namespace_id: /^[^*]+$/,
  },
  'https://app.terraform.io': {
    sub: /^organization:[^:*]+:/,
    terraform_organization_name: /^[^*]+$/,
    terraform_organization_id: /^[^*]+$/,
  },
  'https://agent.buildkite.com': {
    sub: /^organization:[^:*]+:/,
    organization_slug: /^[^*]+$/,
    organization_id: /^[^*]+$/,
  },
  'https://accounts.google.com': { sub: /^[^*]+$/, email: /^[^*]+$/ },
}

/** Claims that the exchange looks at itself. */
const OWN_CLAIMS = ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti']

/**
 * Refuses a rule that would trust more people than anybody can mean.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function requireNarrowRule(issuer: string, claims: ClaimPatterns): void {
  const own = Object.keys(claims).filter((claim) => OWN_CLAIMS.includes(claim))
  if (own.length > 0)
    throw tooWide(`"${own.join('", "')}" is checked anyway`, 'Name claims that say which pipeline it is, for example "sub"')
  const owners = SHARED_ISSUERS[issuer.replace(/\/+$/, '').toLowerCase()]
  const isNarrow = Object.entries(claims).some(([claim, pattern]) =>
    owners === undefined ? /[^*]/.test(pattern) : (owners[claim]?.test(pattern) ?? false),
  )
  if (isNarrow) return
  if (owners === undefined)
    throw tooWide('no claim says which pipeline it is', 'Name a claim with a pattern that is more than "*", for example "sub"')
  throw tooWide(
    `"${issuer}" gives tokens to everybody, and no claim says whose pipeline it is`,
    `Name one of ${Object.keys(owners).join(', ')}, with the owner in full before any "*"`,
  )
}

function tooWide(state: string, hint: string): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot use the claims of the trust rule: ${state}`, { hint })
}

/**
 * Refuses an address that tokens cannot be checked with safely. Plain http is for this very machine only.
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function requireIssuer(issuer: string): void {
  const url = URL.parse(issuer)
  const isSafe = url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  if (isSafe && url.search === '' && url.hash === '' && url.username === '' && url.password === '') return
  throw new RegistryError(
    'RULE_BROKEN',
    `Cannot use the issuer "${url?.host ?? issuer}": it is not an https address without query and user`,
    {
      hint: 'Write it exactly as the claim "iss" of the tokens has it',
    },
  )
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
