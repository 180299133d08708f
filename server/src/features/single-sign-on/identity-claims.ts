import type { SignOnProvider } from './sign-on-providers.ts'
import { signOnRefused } from './sign-on-refusals.ts'

/** What an identity provider says about a person, after its signature was checked. */
export type Claims = Readonly<Record<string, unknown>>

/** A person as the provider knows them. */
export interface SignOnIdentity {
  /** As the signed claim has it. */
  readonly issuer: string
  /** Unique within the issuer, never given to somebody else. */
  readonly subject: string
  /** Lower case; null unless the provider vouches for it. */
  readonly email: string | null
  readonly displayName: string | null
  /** Text from which the name of a new user is made; may be empty. */
  readonly nameHint: string
  readonly groups: readonly string[]
}

const EMAIL = /^[^\s@"<>]{1,64}@(?<domain>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/
const MAX_DISPLAY_NAME = 200

/**
 * Reads the claims by the rules of the provider.
 *
 * @throws {RegistryError} SIGN_ON_REFUSED for an e-mail address that the provider does not vouch for, or of another domain, and for
 *   groups that are not listed.
 */
export function readIdentity(provider: SignOnProvider, claims: Claims): SignOnIdentity {
  return {
    issuer: textOf(claims.iss),
    subject: readSubject(provider, claims),
    email: readEmail(provider, claims),
    displayName: textOf(claims.name).trim().slice(0, MAX_DISPLAY_NAME) || null,
    nameHint: textOf(claims[provider.usernameClaim]) || textOf(claims[provider.emailClaim]),
    groups: readGroups(provider, claims),
  }
}

/** Entra ID: `sub` differs per application, `oid` is the person; it counts within its tenant only. */
function readSubject(provider: SignOnProvider, claims: Claims): string {
  if (provider.kind === 'oidc') return textOf(claims.sub)
  const [tenantId, objectId] = [textOf(claims.tid), textOf(claims.oid)]
  if (objectId === '' || !provider.issuer.endsWith(`/${tenantId}/v2.0`)) throw signOnRefused(provider, 'answer_invalid')
  return `${tenantId}:${objectId}`
}

/** Name of the claim that tells whether the address is verified: `email_verified` for `email`. */
export function verifiedClaim({ emailClaim }: Pick<SignOnProvider, 'emailClaim'>): string {
  return `${emailClaim}_verified`
}

function readEmail(provider: SignOnProvider, claims: Claims): string | null {
  const email = textOf(claims[provider.emailClaim]).trim().toLowerCase()
  const domain = EMAIL.exec(email)?.groups?.domain
  if (domain === undefined || !isTrue(claims[provider.kind === 'azure_ad' ? 'xms_edov' : verifiedClaim(provider)])) {
    if (provider.requireVerifiedEmail) throw signOnRefused(provider, 'email_unverified')
    return null
  }
  const { allowedEmailDomains } = provider
  if (allowedEmailDomains.length > 0 && !allowedEmailDomains.includes(domain)) throw signOnRefused(provider, 'email_domain')
  return email
}

/** Some providers send the words, and Entra ID sends 1. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === 1 || value === '1'
}

/**
 * A person with more groups than fit is told from one without groups by `_claim_names`; taking the roles away, or leaving them,
 * would both be wrong. Source: OpenID Connect Core 1.0, section 5.6.2
 */
function readGroups(provider: SignOnProvider, claims: Claims): string[] {
  const { groupsClaim, groupRoles } = provider
  if (groupsClaim === undefined || groupRoles.length === 0) return []
  const elsewhere = claims._claim_names
  if (typeof elsewhere === 'object' && elsewhere !== null && groupsClaim in elsewhere) throw signOnRefused(provider, 'groups_incomplete')
  if (groupsClaim === 'groups' && claims.hasgroups === true) throw signOnRefused(provider, 'groups_incomplete')
  return [claims[groupsClaim] ?? []].flat().filter((group) => typeof group === 'string')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
