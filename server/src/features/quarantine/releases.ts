import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { PackageRule } from '../verification/index.ts'
import { findQuarantinedPackage, type PackageIdentity } from './quarantine-queries.ts'
import type { ContentEvidence } from './release-rules.ts'

/** An administrator's decision to let certain bytes pass. */
export interface Release {
  readonly rules: readonly PackageRule[]
  /** What had been found. */
  readonly message: string
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly at: string
}

/** The decision about a package whose zip has this SHA-256 (lower-case hex); `undefined` for other bytes and without one. */
export async function findRelease(db: Db, wanted: PackageIdentity, sha256: string): Promise<Release | undefined> {
  const row = await findQuarantinedPackage(db, wanted)
  if (row?.step !== 'content' || row.releasedAt === null) return undefined
  const evidence = decodeJson<ContentEvidence>(row.evidence)
  if (evidence.sha256 !== sha256) return undefined
  return {
    rules: [...new Set(evidence.problems?.map(({ rule }) => rule))],
    message: row.message,
    reason: row.releaseReason ?? '',
    by: row.releasedBy ?? '',
    at: new Date(row.releasedAt).toISOString(),
  }
}

/** Adds to a refusal of the content whose bytes it is about. */
export function withDigest(error: unknown, sha256: string): unknown {
  if (!(error instanceof RegistryError)) return error
  const { code, message, hint, detail, cause } = error
  return new RegistryError(code, message, { ...(hint !== undefined && { hint }), detail: { ...detail, sha256 }, cause })
}
