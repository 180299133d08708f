import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { ProviderPlatformsTable, ProvidersTable, ProviderVersionsTable } from '../../base/database/schema.ts'

export type ProviderRow = Selectable<ProvidersTable>
export type ProviderVersionRow = Selectable<ProviderVersionsTable>
export type ProviderPlatformRow = Selectable<ProviderPlatformsTable>

/** Origin hostname of the providers that are published here: no valid host name, so no upstream can ever be called so. */
export const SELF_HOSTNAME = '_self'

/** The provider with this address, whether or not any version of it is served. */
export function findProvider(db: Db, { hostname, namespace, type }: ProviderAddress): Promise<ProviderRow | undefined> {
  return db
    .selectFrom('providers')
    .select(['id', 'hostname', 'namespace', 'type', 'sourceUrl', 'createdAt'])
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .executeTakeFirst()
}

/** One package with what its version says of it, as the protocol routes need it. */
export interface ServedPackageRow {
  readonly versionId: string
  readonly version: string
  readonly protocols: string
  readonly createdAt: number
  readonly signingKeyFingerprint: string
  readonly signedBy: string
  readonly deprecatedAt: number | null
  readonly deprecationMessage: string | null
  readonly versionBlockedAt: number | null
  readonly platformId: string
  readonly os: string
  readonly arch: string
  readonly filename: string
  readonly size: number
  readonly h1: string
  readonly zh: string
  readonly storageBackend: string
  readonly storageKey: string
  readonly platformBlockedAt: number | null
  readonly damagedAt: number | null
}

/** Every package of a provider that was not deleted, blocked and damaged ones included, in no promised order. */
export function listPackages(db: Db, providerId: string): Promise<ServedPackageRow[]> {
  return db
    .selectFrom('providerVersions as v')
    .innerJoin('providerPlatforms as p', 'p.versionId', 'v.id')
    .select([
      'v.id as versionId',
      'v.version',
      'v.protocols',
      'v.createdAt',
      'v.signingKeyFingerprint',
      'v.signedBy',
      'v.deprecatedAt',
      'v.deprecationMessage',
      'v.blockedAt as versionBlockedAt',
      'p.id as platformId',
      'p.os',
      'p.arch',
      'p.filename',
      'p.size',
      'p.h1',
      'p.zh',
      'p.storageBackend',
      'p.storageKey',
      'p.blockedAt as platformBlockedAt',
      'p.damagedAt',
    ])
    .where('v.providerId', '=', providerId)
    .where('v.deletedAt', 'is', null)
    .where('p.deletedAt', 'is', null)
    .execute()
}

/**
 * What an administrator has blocked or deleted of a provider: whole versions with `null` for the platform, and single platforms.
 */
export async function listRefusedPackages(
  db: Db,
  providerId: string,
): Promise<{ readonly version: string; readonly os: string | null; readonly arch: string | null }[]> {
  const versions = await db
    .selectFrom('providerVersions as v')
    .select('v.version')
    .where('v.providerId', '=', providerId)
    .where((eb) => eb.or([eb('v.deletedAt', 'is not', null), eb('v.blockedAt', 'is not', null)]))
    .execute()
  const platforms = await db
    .selectFrom('providerVersions as v')
    .innerJoin('providerPlatforms as p', 'p.versionId', 'v.id')
    .select(['v.version', 'p.os', 'p.arch'])
    .where('v.providerId', '=', providerId)
    .where((eb) => eb.or([eb('p.deletedAt', 'is not', null), eb('p.blockedAt', 'is not', null)]))
    .execute()
  return [...versions.map(({ version }) => ({ version, os: null, arch: null })), ...platforms]
}

/** `true` when the hostname has a provider in the namespace. */
export async function hasProviderInNamespace(db: Db, hostname: string, namespace: string): Promise<boolean> {
  const row = await db
    .selectFrom('providers')
    .select('id')
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

const VERSION_COLUMNS = [
  'id',
  'providerId',
  'version',
  'protocols',
  'origin',
  'shasums',
  'shasumsSignature',
  'signingKeyFingerprint',
  'signedBy',
  'provenance',
  'verificationWarning',
  'createdAt',
  'createdBy',
  'deprecatedAt',
  'deprecationMessage',
  'blockedAt',
  'blockedReason',
  'digestsCheckedAt',
  'deletedAt',
] as const

/** The version's row, deleted ones included: a tombstone keeps the number taken. */
export function findProviderVersion(db: Db, providerId: string, version: string): Promise<ProviderVersionRow | undefined> {
  return db
    .selectFrom('providerVersions')
    .select(VERSION_COLUMNS)
    .where('providerId', '=', providerId)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** The version's row by id, deleted ones included. */
export function findProviderVersionById(db: Db, id: string): Promise<ProviderVersionRow | undefined> {
  return db.selectFrom('providerVersions').select(VERSION_COLUMNS).where('id', '=', id).executeTakeFirst()
}

/** The type of the provider that a version belongs to: part of its file names. */
export async function findProviderTypeOfVersion(db: Db, versionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('providerVersions as v')
    .innerJoin('providers as p', 'p.id', 'v.providerId')
    .select('p.type')
    .where('v.id', '=', versionId)
    .executeTakeFirst()
  return row?.type
}

const PLATFORM_COLUMNS = [
  'id',
  'versionId',
  'os',
  'arch',
  'filename',
  'size',
  'h1',
  'zh',
  'storageBackend',
  'storageKey',
  'upstreamUrl',
  'verifiedAt',
  'createdAt',
  'createdBy',
  'blockedAt',
  'blockedReason',
  'damagedAt',
  'acceptedFindings',
  'upstreamZh',
  'upstreamChangedAt',
  'deletedAt',
] as const

/** All platforms of a version, deleted ones included. */
export function listPlatforms(db: Db, versionId: string): Promise<ProviderPlatformRow[]> {
  return db
    .selectFrom('providerPlatforms')
    .select(PLATFORM_COLUMNS)
    .where('versionId', '=', versionId)
    .orderBy('os')
    .orderBy('arch')
    .execute()
}

/** The platform's row by id, deleted ones included. */
export function findPlatformById(db: Db, id: string): Promise<ProviderPlatformRow | undefined> {
  return db.selectFrom('providerPlatforms').select(PLATFORM_COLUMNS).where('id', '=', id).executeTakeFirst()
}

/** The row that owns a stored object, with its version's block; `undefined` for an orphan and for a deleted package. */
export function findPlatformByStorageKey(db: Db, storageKey: string) {
  return db
    .selectFrom('providerPlatforms as p')
    .innerJoin('providerVersions as v', 'v.id', 'p.versionId')
    .select(['p.id', 'p.zh', 'p.blockedAt', 'p.damagedAt', 'v.blockedAt as versionBlockedAt'])
    .where('p.storageKey', '=', storageKey)
    .where('p.deletedAt', 'is', null)
    .where('v.deletedAt', 'is', null)
    .executeTakeFirst()
}

/** Inserts the provider unless it is there; either way its id. */
export async function ensureProvider(db: Db, row: Insertable<ProvidersTable>): Promise<string> {
  await db
    .insertInto('providers')
    .values(row)
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type']).doNothing())
    .execute()
  const found = await findProvider(db, row)
  if (found === undefined) throw new Error(`Provider row vanished: ${row.hostname}/${row.namespace}/${row.type}`)
  return found.id
}

/** `false` when the version is already there. */
export async function insertProviderVersion(db: Db, row: Insertable<ProviderVersionsTable>): Promise<boolean> {
  const result = await db
    .insertInto('providerVersions')
    .values(row)
    .onConflict((oc) => oc.columns(['providerId', 'version']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** `false` when the platform is already there. */
export async function insertPlatform(db: Db, row: Insertable<ProviderPlatformsTable>): Promise<boolean> {
  const result = await db
    .insertInto('providerPlatforms')
    .values(row)
    .onConflict((oc) => oc.columns(['versionId', 'os', 'arch']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Holds the version's row until the transaction ends, so that those who change it take turns; answers it as it is then. */
export function lockProviderVersion(db: Db, id: string): Promise<ProviderVersionRow> {
  return db
    .updateTable('providerVersions')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', id)
    .returning(VERSION_COLUMNS)
    .executeTakeFirstOrThrow()
}

type SignedList = Pick<Insertable<ProviderVersionsTable>, 'shasums' | 'shasumsSignature' | 'signingKeyFingerprint'>

/** Replaces the signed checksum list of a version, when platforms have been added to it; and what is known of the signature. */
export async function updateShasums(
  db: Db,
  id: string,
  set: SignedList & Partial<Pick<Insertable<ProviderVersionsTable>, 'signedBy' | 'provenance' | 'verificationWarning'>>,
): Promise<void> {
  await db.updateTable('providerVersions').set(set).where('id', '=', id).execute()
}

/** Sets flags of a version; an empty set changes nothing. */
export async function updateVersionFlags(
  db: Db,
  id: string,
  set: Partial<Pick<ProviderVersionRow, 'deprecatedAt' | 'deprecationMessage' | 'blockedAt' | 'blockedReason' | 'deletedAt'>>,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('providerVersions').set(set).where('id', '=', id).execute()
}

/** Sets flags of a platform; an empty set changes nothing. */
export async function updatePlatformFlags(
  db: Db,
  id: string,
  set: Partial<Pick<ProviderPlatformRow, 'blockedAt' | 'blockedReason' | 'acceptedFindings' | 'damagedAt' | 'deletedAt' | 'verifiedAt'>>,
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('providerPlatforms').set(set).where('id', '=', id).execute()
}

/** Marks every platform of a version as deleted. */
export async function deletePlatformsOfVersion(db: Db, versionId: string, deletedAt: number): Promise<void> {
  await db.updateTable('providerPlatforms').set({ deletedAt }).where('versionId', '=', versionId).where('deletedAt', 'is', null).execute()
}
