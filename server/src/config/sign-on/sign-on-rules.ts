import { isIP } from 'node:net'
import type { Config } from '../config-schema.ts'
import { originProblem } from '../config-texts.ts'
import type { RuleFinding } from '../rule-finding.ts'

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/
/** Part of the address of the callback of Entra ID, so that no other provider can have it. */
const AZURE_AD_NAME = 'azure-ad'
const MIN_CLIENT_SECRET = 16
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const DOMAIN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/

/** Rules of the providers that people sign in with. */
export function* signOnRules({ auth }: Config): Generator<RuleFinding> {
  const names = new Set([AZURE_AD_NAME])
  for (const provider of auth.oidc) {
    const problems = [...oidcProblems(provider)]
    if (names.has(provider.name)) problems.push(`the name "${provider.name}" is taken`)
    names.add(provider.name)
    for (const problem of problems) yield { keys: ['auth.oidc'], problem }
  }
  if (auth.azureAd.enabled) yield* azureAdRules(auth.azureAd)
  const secret = auth.azureAd.clientSecret
  // The portal shows the ID of a secret for ever and its value once; the two are easily mixed up.
  if (secret !== '' && (secret.length < MIN_CLIENT_SECRET || UUID.test(secret))) {
    yield { keys: ['auth.azure_ad.client_secret'], problem: 'must be the value of the client secret, not its ID' }
  }
}

function* oidcProblems(provider: Config['auth']['oidc'][number]): Generator<string> {
  const { name, issuer, groupsClaim, groupRoles = [], scopes = ['openid'], allowedEmailDomains = [] } = provider
  if (!NAME.test(name)) yield `the name must have 1 to 40 lower-case letters, digits and "-", not "${name}"`
  const problem = issuerProblem(issuer)
  if (problem !== undefined) yield `the issuer of "${name}" ${problem}`
  if (!scopes.includes('openid')) yield `the scopes of "${name}" need "openid"`
  if (groupRoles.length > 0 && groupsClaim === undefined) yield `"${name}" needs "groups_claim" for its "group_roles"`
  for (const domain of allowedEmailDomains) {
    if (!DOMAIN.test(domain)) yield `"allowed_email_domains" of "${name}" must hold domains in lower case, not "${domain}"`
  }
  if (provider.requireVerifiedEmail === false && allowedEmailDomains.length > 0) {
    yield `"${name}" cannot have "allowed_email_domains" without verified e-mail addresses`
  }
}

/** Plain http would give the tokens to everybody on the way; only this very machine needs none. */
function issuerProblem(issuer: string): string | undefined {
  const url = URL.parse(issuer)
  if (url === null) return 'must be an address like https://id.example.com'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return 'must begin with https://'
  return url.search === '' && url.hash === '' && url.username === '' ? undefined : 'must not have a query, a fragment or a user'
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
}

function* azureAdRules({ tenantId, clientId, clientSecret, authority }: Config['auth']['azureAd']): Generator<RuleFinding> {
  if (!UUID.test(tenantId)) {
    yield { keys: ['auth.azure_ad.tenant_id'], problem: 'must be the UUID of one directory; "common" would let in every Microsoft account' }
  }
  if (clientId === '') yield { keys: ['auth.azure_ad.client_id'], problem: 'is needed when "auth.azure_ad.enabled" is true' }
  if (clientSecret === '') yield { keys: ['auth.azure_ad.client_secret'], problem: 'is needed when "auth.azure_ad.enabled" is true' }
  const problem = originProblem(authority) ?? issuerProblem(authority)
  if (problem !== undefined) yield { keys: ['auth.azure_ad.authority'], problem }
}
