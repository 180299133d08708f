import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Generated } from 'kysely'
import type { UnixMs } from '../../clock.ts'

/** What failed verification, with the evidence; one row per package, the last attempt. */
export interface QuarantinedPackagesTable {
  id: string
  hostname: string
  namespace: string
  type: string
  version: string
  os: Platform['os']
  arch: Platform['arch']
  /** Name of the verification step that refused it. */
  step: string
  /** Error code. */
  code: string
  message: string
  /** JSON: expected and found digest, key ids, sizes, the documents as received. */
  evidence: string
  upstreamUrl: string | null
  /** Of the last attempt. */
  createdAt: UnixMs
  /** Job of the last attempt. */
  jobId: string | null
  /** Of the first attempt; null in rows from before it was noted. */
  firstSeenAt: UnixMs | null
  /** With the same finding, in a row. */
  attempts: Generated<number>
  /** An administrator lets the finding pass; the package is then fetched and checked once more. */
  releasedAt: UnixMs | null
  releasedBy: string | null
  releaseReason: string | null
}
