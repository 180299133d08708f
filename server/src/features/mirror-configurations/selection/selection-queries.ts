import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Insertable, Selectable } from 'kysely'
import type { MirroredProviderVersionsTable } from '../../../base/database/mirror-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** A package that is or was here; without a platform: a version without packages. */
export interface KnownPackage {
  readonly version: string
  readonly versionDeletedAt: number | null
  readonly os: string | null
  readonly arch: string | null
  readonly deletedAt: number | null
  readonly damagedAt: number | null
}

/** Every package of a provider that is or was here, tombstones included. */
export function listKnownPackages(db: Db, address: ProviderAddress): Promise<KnownPackage[]> {
  return db
    .selectFrom('providers as p')
    .innerJoin('providerVersions as v', 'v.providerId', 'p.id')
    .leftJoin('providerPlatforms as f', 'f.versionId', 'v.id')
    .select(['v.version', 'v.deletedAt as versionDeletedAt', 'f.os', 'f.arch', 'f.deletedAt', 'f.damagedAt'])
    .where('p.hostname', '=', address.hostname)
    .where('p.namespace', '=', address.namespace)
    .where('p.type', '=', address.type)
    .execute()
}

type SightingRow = Selectable<MirroredProviderVersionsTable>

/** What a mirror has seen of a provider. */
export function listSightings(db: Db, mirrorId: string, { namespace, type }: ProviderAddress): Promise<SightingRow[]> {
  return db
    .selectFrom('mirroredProviderVersions')
    .selectAll()
    .where('mirrorId', '=', mirrorId)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .execute()
}

const ROWS_PER_STATEMENT = 500

/** Keeps what has been seen; what was known keeps its first time and the job that brought it first. */
export async function recordSightings(db: Db, rows: readonly Insertable<MirroredProviderVersionsTable>[]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('mirroredProviderVersions')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((oc) =>
        oc.columns(['mirrorId', 'namespace', 'type', 'version']).doUpdateSet((eb) => ({
          jobId: eb.fn.coalesce('mirroredProviderVersions.jobId', 'excluded.jobId'),
          publishedAt: eb.fn.coalesce('mirroredProviderVersions.publishedAt', 'excluded.publishedAt'),
        })),
      )
      .execute()
  }
}
