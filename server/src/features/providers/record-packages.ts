import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Db } from '../../base/database/open-database.ts'
import { newId } from '../../base/ids.ts'
import type { ObjectStore } from '../../base/storage/object-store.ts'
import { insertPlatform, listPlatforms, updatePlatformFlags } from './provider-queries.ts'
import { storageKeyOf, type VerifiedPackage } from './store-packages.ts'

interface PackagesToRecord {
  readonly address: ProviderAddress
  readonly version: string
  readonly versionId: string
  readonly packages: readonly VerifiedPackage[]
  readonly at: number
  readonly createdBy: string
}

/** Makes stored packages visible; one that replaces a damaged or deleted object revives its old row. */
export async function recordPackages(tx: Db, store: Pick<ObjectStore, 'id'>, input: PackagesToRecord): Promise<void> {
  const { versionId, at, createdBy } = input
  for (const item of input.packages) {
    const inserted = await insertPlatform(tx, {
      id: newId(),
      versionId,
      ...item.platform,
      filename: item.filename,
      size: item.size,
      h1: item.h1,
      zh: item.zh,
      storageBackend: store.id,
      storageKey: storageKeyOf(input, item),
      upstreamUrl: item.upstreamUrl,
      verifiedAt: at,
      createdAt: at,
      createdBy,
      blockedAt: null,
      blockedReason: null,
      damagedAt: null,
      acceptedFindings: item.acceptedFindings ?? null,
      upstreamZh: null,
      upstreamChangedAt: null,
      deletedAt: null,
    })
    if (!inserted) await revivePlatform(tx, input, item)
  }
}

async function revivePlatform(
  tx: Db,
  { versionId, at }: PackagesToRecord,
  { platform, zh, acceptedFindings = null }: VerifiedPackage,
): Promise<void> {
  const rows = await listPlatforms(tx, versionId)
  const row = rows.find(({ os, arch }) => os === platform.os && arch === platform.arch)
  if (row === undefined || row.zh !== zh) throw new Error(`Package ${platform.os}_${platform.arch} changed under its claim`)
  await updatePlatformFlags(tx, row.id, { damagedAt: null, deletedAt: null, verifiedAt: at, acceptedFindings })
}
