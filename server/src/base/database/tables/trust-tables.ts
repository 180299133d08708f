import type { Generated } from 'kysely'
import type { UnixMs } from '../../clock.ts'

/** Keys that may sign what is in a namespace, or one provider of it. */
export interface SigningKeysTable {
  id: string
  hostname: string
  namespace: string
  /** The only provider that it may sign; empty: all of the namespace. */
  type: Generated<string>
  /** Primary key fingerprint, upper-case hex. */
  fingerprint: string
  /** Last 16 digits of the fingerprint. */
  keyId: string
  /** Primary user id, for people. */
  userId: string
  asciiArmor: string
  /** `announced` by the upstream, `publisher` of a package, `administrator`, or `refreshed` from a configured address. */
  source: string
  /** `trusted`, `pending` (seen, waits for an administrator), `rejected` or `revoked` (by its owner). */
  state: string
  createdAt: UnixMs
  decidedAt: UnixMs | null
  decidedBy: string | null
  /** When the last part of it that can sign ends; null: never, or not examined yet. */
  expiresAt: UnixMs | null
  /** When `expiresAt` was read from the key; null: not yet. */
  examinedAt: UnixMs | null
  /** The end that administrators have been warned of. */
  expiryWarnedFor: UnixMs | null
  /** Signatures made from then on do not count. */
  retiredAt: UnixMs | null
}

/** When the addresses that keys are refreshed from were last asked; one row per configured scope and address. */
export interface SigningKeySourcesTable {
  id: string
  /** `HOST/NAMESPACE` or `HOST/NAMESPACE/TYPE`. */
  scope: string
  url: string
  /** Nobody asks before. */
  nextAt: UnixMs
  checkedAt: UnixMs | null
  /** When it last answered with the pinned key. */
  succeededAt: UnixMs | null
  /** Why the last try failed. */
  failure: string | null
}
