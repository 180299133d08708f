import type { UnixMs } from '../clock.ts'

/** Who owns namespaces and has members. */
export interface OrganizationsTable {
  id: string
  /** Lower case, unique. */
  name: string
  displayName: string
  createdAt: UnixMs
  createdBy: string
}

/** A named set of scopes; of the product when it has no organisation. */
export interface RoleTemplatesTable {
  id: string
  organizationId: string | null
  name: string
  description: string
  /** JSON array of scopes. */
  scopes: string
  createdAt: UnixMs
}

/** One role per person and organisation. */
export interface OrganizationMembersTable {
  organizationId: string
  userId: string
  roleTemplateId: string
  createdAt: UnixMs
  /** Issuer whose groups gave it, which may change and take it at a sign-in; null: given by hand, and left alone. */
  grantedBy: string | null
}

/** Names under which modules and providers are published here. */
export interface NamespacesTable {
  id: string
  /** Lower case, unique for ever: a deleted one stays taken. */
  name: string
  organizationId: string
  /** `public` or `private`. */
  visibility: string
  createdAt: UnixMs
  createdBy: string
  deletedAt: UnixMs | null
}

/** A person as an issuer knows them; issuer and subject are the identity. */
export interface UserIdentitiesTable {
  id: string
  userId: string
  issuer: string
  subject: string
  email: string | null
  createdAt: UnixMs
  lastSignInAt: UnixMs
}

/** A sign-in that was sent to an issuer and is not back yet. */
export interface SignOnAttemptsTable {
  /** SHA-256 (hex) of the `state`. */
  id: string
  /** Name of the configured issuer. */
  provider: string
  nonce: string
  /** Sealed with the encryption key. */
  codeVerifier: string
  /** Path of ours to go to afterwards. */
  returnTo: string
  createdAt: UnixMs
  expiresAt: UnixMs
  usedAt: UnixMs | null
}

/** One-time codes of `terraform login`; only of logins that were allowed. */
export interface LoginCodesTable {
  /** SHA-256 (hex) of the code. */
  codeHash: string
  userId: string
  clientId: string
  redirectUri: string
  /** S256. */
  codeChallenge: string
  /** JSON array of scopes. */
  scopes: string
  createdAt: UnixMs
  expiresAt: UnixMs
  usedAt: UnixMs | null
  /** The key it was exchanged for; a second use revokes that. */
  apiKeyId: string | null
}

/** Which identities of pipelines may have short-lived keys. */
export interface TrustRulesTable {
  id: string
  organizationId: string
  name: string
  issuer: string
  audience: string
  /** JSON object: claim → pattern. */
  claims: string
  /** JSON array of scopes. */
  scopes: string
  /** JSON array of namespaces; null: all of the organisation. */
  namespaces: string | null
  lifeMinutes: number
  createdAt: UnixMs
  createdBy: string
  disabledAt: UnixMs | null
}

/** Identity tokens that were exchanged; each counts once. */
export interface UsedIdentityTokensTable {
  /** SHA-256 (hex) of issuer and token id. */
  tokenKey: string
  expiresAt: UnixMs
}
