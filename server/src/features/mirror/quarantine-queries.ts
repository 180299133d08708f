import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { QuarantinedPackagesTable } from '../../base/database/schema.ts'

export type QuarantinedPackageRow = Selectable<QuarantinedPackagesTable>

export interface PackageIdentity {
  readonly address: ProviderAddress
  readonly version: string
  readonly platform: Platform
}

/** Records a refused package; a later refusal of the same package replaces the earlier evidence. */
export async function upsertQuarantinedPackage(db: Db, row: Insertable<QuarantinedPackagesTable>): Promise<void> {
  const { id: _id, ...found } = row
  await db
    .insertInto('quarantinedPackages')
    .values(row)
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type', 'version', 'os', 'arch']).doUpdateSet(found))
    .execute()
}

/** Takes a package out of quarantine, because a verified copy was stored. */
export async function deleteQuarantinedPackage(db: Db, { address, version, platform }: PackageIdentity): Promise<void> {
  await db
    .deleteFrom('quarantinedPackages')
    .where('hostname', '=', address.hostname)
    .where('namespace', '=', address.namespace)
    .where('type', '=', address.type)
    .where('version', '=', version)
    .where('os', '=', platform.os)
    .where('arch', '=', platform.arch)
    .execute()
}

/** Refused packages, newest first. */
export function listQuarantinedPackages(db: Db, page: { limit: number; offset: number }): Promise<QuarantinedPackageRow[]> {
  return db
    .selectFrom('quarantinedPackages')
    .select([
      'id',
      'hostname',
      'namespace',
      'type',
      'version',
      'os',
      'arch',
      'step',
      'code',
      'message',
      'evidence',
      'upstreamUrl',
      'createdAt',
    ])
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many packages are in quarantine. */
export async function countQuarantinedPackages(db: Db): Promise<number> {
  const row = await db
    .selectFrom('quarantinedPackages')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
