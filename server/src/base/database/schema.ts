import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Generated } from 'kysely'
import type { UnixMs } from '../clock.ts'
import type {
  LoginCodesTable,
  NamespacesTable,
  OrganizationMembersTable,
  OrganizationsTable,
  RoleTemplatesTable,
  SignOnAttemptsTable,
  TrustRulesTable,
  UsedIdentityTokensTable,
  UserIdentitiesTable,
} from './identity-schema.ts'
import type {
  MirrorConfigurationsTable,
  MirroredProviderVersionsTable,
  MirrorRunOmissionsTable,
  MirrorSyncHistoryTable,
} from './mirror-schema.ts'
import type { BundleImportsTable } from './tables/import-tables.ts'
import type { MailsTable, NotificationsTable } from './tables/notification-tables.ts'
import type {
  MirrorApprovalDecisionsTable,
  MirrorApprovalRequestsTable,
  MirrorPoliciesTable,
  MirrorSeenVersionsTable,
} from './tables/policy-tables.ts'
import type { QuarantinedPackagesTable } from './tables/quarantine-tables.ts'
import type { SigningKeySourcesTable, SigningKeysTable } from './tables/trust-tables.ts'
import type { UpstreamModuleListsTable, UpstreamModuleVersionsTable } from './tables/upstream-module-tables.ts'
import type { UpstreamSignedVersionsTable, UpstreamVersionListsTable } from './tables/upstream-tables.ts'

/**
 * The tables, as Kysely sees them: camelCase here, snake_case in the database (CamelCasePlugin).
 * Types of columns: ids and text `text` (bytewise order), times Unix milliseconds, JSON as text, flags as nullable times.
 */
export interface Schema {
  systemSettings: SystemSettingsTable
  users: UsersTable
  sessions: SessionsTable
  apiKeys: ApiKeysTable
  auditLogs: AuditLogsTable
  providers: ProvidersTable
  providerVersions: ProviderVersionsTable
  providerPlatforms: ProviderPlatformsTable
  signingKeys: SigningKeysTable
  signingKeySources: SigningKeySourcesTable
  registrySigningKeys: RegistrySigningKeysTable
  quarantinedPackages: QuarantinedPackagesTable
  objectClaims: ObjectClaimsTable
  downloadJobs: DownloadJobsTable
  downloadJobItems: DownloadJobItemsTable
  modules: ModulesTable
  moduleVersions: ModuleVersionsTable
  moduleVersionDownloads: ModuleVersionDownloadsTable
  moduleSearch: ModuleSearchTable
  moduleSearchSpellings: ModuleSearchSpellingsTable
  organizations: OrganizationsTable
  roleTemplates: RoleTemplatesTable
  organizationMembers: OrganizationMembersTable
  namespaces: NamespacesTable
  userIdentities: UserIdentitiesTable
  signOnAttempts: SignOnAttemptsTable
  loginCodes: LoginCodesTable
  trustRules: TrustRulesTable
  usedIdentityTokens: UsedIdentityTokensTable
  mirrorConfigurations: MirrorConfigurationsTable
  mirrorSyncHistory: MirrorSyncHistoryTable
  mirrorRunOmissions: MirrorRunOmissionsTable
  mirroredProviderVersions: MirroredProviderVersionsTable
  upstreamVersionLists: UpstreamVersionListsTable
  upstreamModuleLists: UpstreamModuleListsTable
  upstreamModuleVersions: UpstreamModuleVersionsTable
  upstreamSignedVersions: UpstreamSignedVersionsTable
  mirrorPolicies: MirrorPoliciesTable
  mirrorApprovalRequests: MirrorApprovalRequestsTable
  mirrorApprovalDecisions: MirrorApprovalDecisionsTable
  mirrorSeenVersions: MirrorSeenVersionsTable
  notifications: NotificationsTable
  mails: MailsTable
  bundleImports: BundleImportsTable
}

/** One row, id `system`, inserted by the first migration. */
export interface SystemSettingsTable {
  id: string
  createdAt: UnixMs
  /** HMAC of a constant under the encryption key: tells a replica with another key before it writes anything. */
  encryptionKeyCheck: string | null
  /** SHA-256 (hex) of the one-time set-up token. */
  setupTokenHash: string | null
  setupTokenExpiresAt: UnixMs | null
  /** Grows in every transaction that changes what a protocol route answers; document caches compare it. */
  catalogRevision: Generated<number>
  /** Place of the last row of the audit's chain; 0 before the first. */
  auditSequence: Generated<number>
  /** Hash of that row. */
  auditHeadHash: string | null
  /** HMAC over both: the last rows cannot be taken away by naming an earlier one as the last. */
  auditHeadSeal: string | null
}

export interface UsersTable {
  id: string
  /** Lower case, unique. */
  username: string
  /** bcrypt; null for people who sign in elsewhere. */
  passwordHash: string | null
  /** JSON array of scopes that count in the whole registry; roles in organisations come on top. */
  scopes: string
  createdAt: UnixMs
  disabledAt: UnixMs | null
  displayName: string | null
  /** Lower case, unique. */
  email: string | null
  lastSignInAt: UnixMs | null
}

export interface SessionsTable {
  /** The `jti` of the session token. */
  id: string
  userId: string
  createdAt: UnixMs
  expiresAt: UnixMs
  revokedAt: UnixMs | null
  ip: string
  userAgent: string
}

export interface ApiKeysTable {
  id: string
  /** Owner; null for the key of a pipeline, which has a trust rule instead. */
  userId: string | null
  name: string
  /** First 10 characters of the key, for display. */
  prefix: string
  /** HMAC-SHA-256 (hex) of the key under a server key; unique. */
  keyHash: string
  /** JSON array of scopes. */
  scopes: string
  createdAt: UnixMs
  expiresAt: UnixMs | null
  revokedAt: UnixMs | null
  /** `key`, `login` (made by `terraform login`) or `ci` (made for a pipeline). */
  kind: Generated<string>
  /** The only organisation in which it counts; null: everywhere its owner may. */
  organizationId: string | null
  /** The rule that a pipeline's key comes from. */
  trustRuleId: string | null
  /** JSON array of the only namespaces it may change; null: no restriction. */
  namespaces: string | null
  /** Written in batches, off the read path. */
  lastUsedAt: UnixMs | null
  /** When the warning before its end was put into the outbox. */
  expiryNotificationSentAt: UnixMs | null
}

/** Append-only, by triggers too, and chained. Actor id and name are copied, so that a row outlives its user. */
export interface AuditLogsTable {
  id: string
  at: UnixMs
  actorId: string | null
  actorName: string
  /** Dotted: `provider_version.publish`. */
  action: string
  /** What it was done to, in the field's form: `registry.terraform.io/hashicorp/null 3.1.0`. */
  object: string
  /** `allowed`, `denied` or `error`. */
  outcome: string
  ip: string | null
  requestId: string | null
  /** JSON object without secrets. */
  details: string
  /** Place in the chain, from 1 without gaps; null for rows from before there was one. */
  sequence: number | null
  /** `hash` of the row before; empty for the first. */
  previousHash: string | null
  /** HMAC-SHA-256 (hex) over all the other columns under a server key. */
  hash: string | null
}

/** hostname, namespace and type are the identity; `_self` is the hostname of providers published here. */
export interface ProvidersTable {
  id: string
  hostname: string
  namespace: string
  type: string
  /** Web address of the repository, when known. */
  sourceUrl: string | null
  createdAt: UnixMs
}

export interface ProviderVersionsTable {
  id: string
  providerId: string
  /** Canonical semver, without `v`. */
  version: string
  /** JSON array of plugin protocol versions: `["5.0"]`. */
  protocols: string
  /** `published` (by our users) or `mirrored` (from an upstream). */
  origin: string
  /** Exact bytes of SHA256SUMS. */
  shasums: Uint8Array
  /** Exact bytes of the binary detached signature over `shasums`. */
  shasumsSignature: Uint8Array
  /** Fingerprint of the key that signed, `signing_keys` or `registry_signing_keys`. */
  signingKeyFingerprint: string
  /** Who signed: `upstream`, `publisher` or `registry`. */
  signedBy: string
  /**
   * `verified`: the signature of whoever published it was verified, or this registry signed for its own publisher.
   * `unsigned`: an administrator let it in without one; the registry signed what it holds, which says nothing about where it is from.
   */
  provenance: Generated<string>
  /** Something an administrator should know: "signing key has expired since". */
  verificationWarning: string | null
  createdAt: UnixMs
  /** Name of the person or job that brought it. */
  createdBy: string
  deprecatedAt: UnixMs | null
  deprecationMessage: string | null
  blockedAt: UnixMs | null
  blockedReason: string | null
  /** When the upstream's list was last compared with what is held. */
  digestsCheckedAt: UnixMs | null
  /** Tombstone: the version is gone, its number stays taken. */
  deletedAt: UnixMs | null
}

export interface ProviderPlatformsTable {
  id: string
  versionId: string
  os: Platform['os']
  arch: Platform['arch']
  filename: string
  /** Bytes. */
  size: number
  /** Base64 with padding, with the `h1:` prefix, over the zip (protocol.md 4.8). */
  h1: string
  /** SHA-256 of the zip with the `zh:` prefix, lower-case hex. */
  zh: string
  /** Id of the object store that holds it. */
  storageBackend: string
  storageKey: string
  /** Address it was fetched from; null when published here. */
  upstreamUrl: string | null
  verifiedAt: UnixMs
  createdAt: UnixMs
  createdBy: string
  blockedAt: UnixMs | null
  blockedReason: string | null
  /** The stored bytes were found to differ from `zh`; not served until replaced. */
  damagedAt: UnixMs | null
  /** JSON: findings of the verification that an administrator let pass, with who, when and why; null: there were none. */
  acceptedFindings: string | null
  /** Digest that the upstream signs for it now, when it is not `zh` any more. */
  upstreamZh: string | null
  upstreamChangedAt: UnixMs | null
  /** Tombstone: the package is gone, other bytes are refused for ever. */
  deletedAt: UnixMs | null
}

/** The registry's own signing key; one row, id `current`. */
export interface RegistrySigningKeysTable {
  id: string
  fingerprint: string
  keyId: string
  asciiArmor: string
  /** Armored private key, sealed with the encryption key. */
  sealedPrivateKey: string
  createdAt: UnixMs
}

/** Who is bringing a package right now; makes one of many publishers or workers go on. */
export interface ObjectClaimsTable {
  /** Storage key. */
  key: string
  /** Fencing token of the holder. */
  token: string
  /** By the database's clock. */
  expiresAt: UnixMs
}

export interface DownloadJobsTable {
  id: string
  /** `provider.load_definition`. */
  kind: string
  title: string
  /** `pending`, `running`, `completed`, `failed` or `cancelled`; derived from the items whenever one ends. */
  state: string
  createdBy: string
  createdAt: UnixMs
  startedAt: UnixMs | null
  finishedAt: UnixMs | null
}

export interface DownloadJobItemsTable {
  id: string
  jobId: string
  /** Which handler runs it: `provider.resolve`, `provider.fetch_package`. */
  kind: string
  /** Unique in its job: the same work is never listed twice. */
  key: string
  /** JSON for the handler. */
  input: string
  /** `pending`, `running`, `completed`, `failed` or `cancelled`. */
  state: string
  attempts: number
  maxAttempts: number
  /** How often it was given back through no fault of its own: its worker died, or the upstream asked to wait. */
  deferrals: number
  /**
   * Nobody claims it before this time, by the database's clock: the back-off while it is pending, the end of the lease while it
   * is running.
   */
  runAfter: UnixMs
  /** Fencing token of the worker that holds it. */
  leaseToken: string | null
  bytesDone: number
  bytesTotal: number | null
  errorCode: string | null
  errorMessage: string | null
  createdAt: UnixMs
  finishedAt: UnixMs | null
}

/** One row per module; two spellings that differ only in case are one module. */
export interface ModulesTable {
  id: string
  /** As first published. */
  namespace: string
  name: string
  system: string
  /** Lower case, for look-up. */
  namespaceKey: string
  nameKey: string
  /** Of the newest publish that gave one; may be empty. */
  description: string
  /** Web address of the repository, when known. */
  sourceUrl: string | null
  createdAt: UnixMs
  deprecatedAt: UnixMs | null
  deprecationMessage: string | null
  /** Address of the module that takes its place. */
  successor: string | null
}

export interface ModuleVersionsTable {
  id: string
  moduleId: string
  /** Canonical semver, without `v` and build metadata. */
  version: string
  /** Bytes of the canonical archive. */
  size: number
  /** SHA-256 of the stored archive, lower-case hex. */
  sha256: string
  /** SHA-256 of the same before compression: equal for equal content, whatever compressed it. */
  contentSha256: string
  storageBackend: string
  storageKey: string
  /** Markdown of the root's README; may be empty. */
  readme: string
  /** JSON: inputs, outputs and the like, of the root, submodules and examples. */
  analysis: string
  /** Commit it was made from, when it came from a repository. */
  commitSha: string | null
  createdAt: UnixMs
  createdBy: string
  deprecatedAt: UnixMs | null
  deprecationMessage: string | null
  /** Version or module that takes its place. */
  successor: string | null
  /** The stored bytes were found to differ from `sha256`. */
  damagedAt: UnixMs | null
  /** Tombstone: the version is gone, its number stays taken. */
  deletedAt: UnixMs | null
  deletedReason: string | null
}

/** Downloads by day; written in batches, off the read path. */
export interface ModuleVersionDownloadsTable {
  versionId: string
  /** `2026-01-31`, UTC. */
  day: string
  count: number
}

/** What the search filters and sorts by, one row per module that can be found. Its words are in `module_search_words`. */
export interface ModuleSearchTable {
  /** Number of the document in the word index. */
  docId: Generated<number>
  moduleId: string
  /** Lower case. */
  namespaceKey: string
  nameKey: string
  system: string
  /** 1 or 0. */
  deprecated: number
  downloads: number
  publishedAt: UnixMs
}

/** Known words by their misspellings: the beginning of the word, and the same with one letter left out. */
export interface ModuleSearchSpellingsTable {
  spelling: string
  word: string
}
