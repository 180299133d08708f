import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'

/** Since when a version is known here, and when it came out as its upstream says. */
export interface SeenVersion {
  readonly version: string
  readonly firstSeenAt: UnixMs
  readonly publishedAt: UnixMs | null
}

/** What is known of the versions of a provider. */
export function listSeenVersions(db: Db, { hostname, namespace, type }: ProviderAddress): Promise<SeenVersion[]> {
  return db
    .selectFrom('mirrorSeenVersions')
    .select(['version', 'firstSeenAt', 'publishedAt'])
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .execute()
}

/** Versions per statement; each is a row of seven values. */
const CHUNK = 500

/** Remembers versions that were not known; what is known already stays. */
export async function insertSeenVersions(
  db: Db,
  { hostname, namespace, type }: ProviderAddress,
  versions: readonly SeenVersion[],
): Promise<void> {
  for (let start = 0; start < versions.length; start += CHUNK) {
    const rows = versions.slice(start, start + CHUNK).map((seen) => ({ ...seen, id: newId(), hostname, namespace, type }))
    await db
      .insertInto('mirrorSeenVersions')
      .values(rows)
      .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type', 'version']).doNothing())
      .execute()
  }
}

/** Keeps when a version came out; what is known already stays. */
export async function savePublishedAt(
  db: Db,
  { hostname, namespace, type, version }: ProviderAddress & { readonly version: string },
  publishedAt: UnixMs,
): Promise<void> {
  await db
    .updateTable('mirrorSeenVersions')
    .set({ publishedAt })
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .where('version', '=', version)
    .where('publishedAt', 'is', null)
    .execute()
}
