import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { QuarantinedPackagesTable } from '../../base/database/tables/quarantine-tables.ts'

export type QuarantinedPackageRow = Selectable<QuarantinedPackagesTable>

/** One package of a provider version. */
export interface PackageIdentity {
  readonly address: ProviderAddress
  readonly version: string
  readonly platform: Platform
}

/** Which packages are listed; a part that is left out fits all. */
export interface QuarantineFilter {
  readonly hostname?: string | undefined
  readonly namespace?: string | undefined
  readonly type?: string | undefined
  readonly version?: string | undefined
  readonly step?: string | undefined
}

/** Adds a refused package; one that is there already stays as it is. `false` then. */
export async function insertQuarantined(db: Db, row: Insertable<QuarantinedPackagesTable>): Promise<boolean> {
  const result = await db
    .insertInto('quarantinedPackages')
    .values(row)
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type', 'version', 'os', 'arch']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Changes an entry. */
export async function updateQuarantined(db: Db, id: string, set: Updateable<QuarantinedPackagesTable>): Promise<void> {
  await db.updateTable('quarantinedPackages').set(set).where('id', '=', id).execute()
}

/** The entry of a package. */
export function findQuarantinedPackage(
  db: Db,
  { address, version, platform }: PackageIdentity,
): Promise<QuarantinedPackageRow | undefined> {
  return db
    .selectFrom('quarantinedPackages')
    .selectAll()
    .where('hostname', '=', address.hostname)
    .where('namespace', '=', address.namespace)
    .where('type', '=', address.type)
    .where('version', '=', version)
    .where('os', '=', platform.os)
    .where('arch', '=', platform.arch)
    .executeTakeFirst()
}

/** All entries of a provider. */
export function listQuarantinedOf(db: Db, { hostname, namespace, type }: ProviderAddress): Promise<QuarantinedPackageRow[]> {
  return db
    .selectFrom('quarantinedPackages')
    .selectAll()
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .execute()
}

/** The entry with this id. */
export function findQuarantined(db: Db, id: string): Promise<QuarantinedPackageRow | undefined> {
  return db.selectFrom('quarantinedPackages').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Removes an entry; `false` when somebody did. */
export async function deleteQuarantined(db: Db, id: string): Promise<boolean> {
  const result = await db.deleteFrom('quarantinedPackages').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
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

/** Forgets the digests under which clients were shown a version that is not held. */
export async function forgetShownDigests(db: Db, { hostname, namespace, type, version }: QuarantinedPackageRow): Promise<void> {
  await db
    .deleteFrom('upstreamSignedVersions')
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .where('version', '=', version)
    .execute()
}

function matching(db: Db, filter: QuarantineFilter) {
  return (['hostname', 'namespace', 'type', 'version', 'step'] as const).reduce((query, name) => {
    const value = filter[name]
    return value === undefined ? query : query.where(name, '=', value)
  }, db.selectFrom('quarantinedPackages'))
}

/** Refused packages, newest first. */
export function listQuarantinedPackages(
  db: Db,
  filter: QuarantineFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<QuarantinedPackageRow[]> {
  return matching(db, filter).selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute()
}

/** How many packages are in quarantine. */
export async function countQuarantinedPackages(db: Db, filter: QuarantineFilter): Promise<number> {
  const row = await matching(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
