import type { Db } from '../../base/database/open-database.ts'

/** The checksum list of a version, as it was signed. */
export interface VersionListRow {
  readonly id: string
  readonly shasums: Uint8Array
}

/** One package of a version that was not deleted. */
export interface LockPackageRow {
  readonly versionId: string
  readonly os: string
  readonly arch: string
  readonly h1: string
  readonly zh: string
  readonly blockedAt: number | null
  readonly damagedAt: number | null
}

/** Checksum lists of the versions with these ids, in no promised order. */
export async function listShasums(db: Db, versionIds: readonly string[]): Promise<VersionListRow[]> {
  if (versionIds.length === 0) return []
  return db.selectFrom('providerVersions').select(['id', 'shasums']).where('id', 'in', versionIds).execute()
}

/** Packages of the versions with these ids, blocked and damaged ones included, in no promised order. */
export async function listLockPackages(db: Db, versionIds: readonly string[]): Promise<LockPackageRow[]> {
  if (versionIds.length === 0) return []
  return db
    .selectFrom('providerPlatforms')
    .select(['versionId', 'os', 'arch', 'h1', 'zh', 'blockedAt', 'damagedAt'])
    .where('versionId', 'in', versionIds)
    .where('deletedAt', 'is', null)
    .execute()
}
