import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** One version of a provider. */
export interface VersionIdentity {
  readonly address: ProviderAddress
  readonly version: string
}

/** The SHA256SUMS under which a version that is not held was shown to clients; `undefined` when it never was. */
export async function findShownShasums(db: Db, { address, version }: VersionIdentity): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('upstreamSignedVersions')
    .select('shasums')
    .where('hostname', '=', address.hostname)
    .where('namespace', '=', address.namespace)
    .where('type', '=', address.type)
    .where('version', '=', version)
    .executeTakeFirst()
  return row?.shasums
}

/** Notes what the upstream signs for a package now; `null`: what is held, again. */
export async function updateUpstreamDigest(db: Db, id: string, change: { readonly zh: string; readonly at: UnixMs } | null): Promise<void> {
  await db
    .updateTable('providerPlatforms')
    .set({ upstreamZh: change?.zh ?? null, upstreamChangedAt: change?.at ?? null })
    .where('id', '=', id)
    .execute()
}

/** Versions of a provider that came from its upstream and whose list was not compared for longest, those that never were first. */
export async function listVersionsToCompare(
  db: Db,
  { hostname, namespace, type }: ProviderAddress,
  { before, limit }: { readonly before: UnixMs; readonly limit: number },
): Promise<{ id: string; version: string; digestsCheckedAt: UnixMs | null }[]> {
  return await db
    .selectFrom('providerVersions as v')
    .innerJoin('providers as p', 'p.id', 'v.providerId')
    .select(['v.id', 'v.version', 'v.digestsCheckedAt'])
    .where('p.hostname', '=', hostname)
    .where('p.namespace', '=', namespace)
    .where('p.type', '=', type)
    .where('v.origin', '=', 'mirrored')
    .where('v.deletedAt', 'is', null)
    .where((eb) => eb.or([eb('v.digestsCheckedAt', 'is', null), eb('v.digestsCheckedAt', '<', before)]))
    .orderBy((eb) => eb.fn.coalesce('v.digestsCheckedAt', eb.val(0)))
    .orderBy('v.id')
    .limit(limit)
    .execute()
}

/** Notes that the list of a version was compared. */
export async function updateDigestsChecked(db: Db, id: string, at: UnixMs): Promise<void> {
  await db.updateTable('providerVersions').set({ digestsCheckedAt: at }).where('id', '=', id).execute()
}
