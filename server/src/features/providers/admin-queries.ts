import type { Db } from '../../base/database/open-database.ts'
import { type NamespaceReader, privateNamespacesOfOthers } from '../namespaces/index.ts'
import { SELF_HOSTNAME } from './provider-queries.ts'

export interface PackageFilter {
  readonly hostname?: string
  readonly namespace?: string
  readonly type?: string
  readonly version?: string
  /** Part of namespace or type. */
  readonly q?: string
  /** Whose private namespaces are listed too. */
  readonly reader: NamespaceReader
}

/** Packages for the administrators' list, with what their version and provider say. */
function filtered(db: Db, filter: PackageFilter) {
  let query = db
    .selectFrom('providerPlatforms as p')
    .innerJoin('providerVersions as v', 'v.id', 'p.versionId')
    .innerJoin('providers as r', 'r.id', 'v.providerId')
    .where('p.deletedAt', 'is', null)
    .where('v.deletedAt', 'is', null)
  const { reader } = filter
  if (reader !== 'all') {
    const hidden = privateNamespacesOfOthers(db, reader)
    query = query.where((eb) => eb.or([eb('r.hostname', '!=', SELF_HOSTNAME), eb('r.namespace', 'not in', hidden)]))
  }
  if (filter.hostname !== undefined) query = query.where('r.hostname', '=', filter.hostname)
  if (filter.namespace !== undefined) query = query.where('r.namespace', '=', filter.namespace)
  if (filter.type !== undefined) query = query.where('r.type', '=', filter.type)
  if (filter.version !== undefined) query = query.where('v.version', '=', filter.version)
  if (filter.q !== undefined) {
    const pattern = `%${filter.q.toLowerCase().replace(/[\\%_]/g, String.raw`\$&`)}%`
    query = query.where((eb) => eb.or([eb('r.namespace', 'like', eb.val(pattern)), eb('r.type', 'like', eb.val(pattern))]))
  }
  return query
}

export type AdminPackageRow = Awaited<ReturnType<typeof listAdminPackages>>[number]

/** Newest first. */
export function listAdminPackages(db: Db, filter: PackageFilter, page: { limit: number; offset: number }) {
  return filtered(db, filter)
    .select([
      'p.id',
      'v.id as versionId',
      'r.hostname',
      'r.namespace',
      'r.type',
      'v.version',
      'p.os',
      'p.arch',
      'p.filename',
      'p.size',
      'p.zh',
      'p.h1',
      'v.origin',
      'v.signedBy',
      'v.provenance',
      'v.signingKeyFingerprint',
      'v.verificationWarning',
      'p.upstreamUrl',
      'p.verifiedAt',
      'p.createdAt',
      'p.createdBy',
      'v.deprecatedAt',
      'v.deprecationMessage',
      'v.blockedAt as versionBlockedAt',
      'v.blockedReason as versionBlockedReason',
      'p.blockedAt',
      'p.blockedReason',
      'p.damagedAt',
      'p.acceptedFindings',
      'p.upstreamZh',
      'p.upstreamChangedAt',
    ])
    .orderBy('p.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many packages a filter finds. */
export async function countAdminPackages(db: Db, filter: PackageFilter): Promise<number> {
  const row = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Address and version of a version or of a platform, by either's id. */
export function findVersionIdentity(db: Db, versionId: string) {
  return db
    .selectFrom('providerVersions as v')
    .innerJoin('providers as r', 'r.id', 'v.providerId')
    .select(['v.id', 'v.version', 'v.deletedAt', 'r.hostname', 'r.namespace', 'r.type'])
    .where('v.id', '=', versionId)
    .executeTakeFirst()
}
