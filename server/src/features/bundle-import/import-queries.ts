import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { BundleImportsTable } from '../../base/database/tables/import-tables.ts'

export type ImportRow = Selectable<BundleImportsTable>
/** An import without the long list of what may be sent. */
export type ImportSummary = Omit<ImportRow, 'listing' | 'options'>

const SUMMARY = ['id', 'kind', 'name', 'signedBy', 'added', 'addedBytes', 'refused', 'createdAt', 'createdBy', 'finishedAt'] as const

/** Begins an import. */
export async function insertImport(db: Db, row: Insertable<BundleImportsTable>): Promise<void> {
  await db.insertInto('bundleImports').values(row).execute()
}

/** The import with this id. */
export function findImport(db: Db, id: string): Promise<ImportSummary | undefined> {
  return db.selectFrom('bundleImports').select(SUMMARY).where('id', '=', id).executeTakeFirst()
}

/** What may be sent to an import, and what was allowed for it. */
export function findImportContent(db: Db, id: string): Promise<Pick<ImportRow, 'listing' | 'options'> | undefined> {
  return db.selectFrom('bundleImports').select(['listing', 'options']).where('id', '=', id).executeTakeFirst()
}

/** Imports, newest first. */
export function listImports(db: Db, page: { readonly limit: number; readonly offset: number }): Promise<ImportSummary[]> {
  return db.selectFrom('bundleImports').select(SUMMARY).orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute()
}

/** How many imports there are. */
export async function countImports(db: Db): Promise<number> {
  const row = await db
    .selectFrom('bundleImports')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Counts what one request has done. */
export async function countImported(db: Db, id: string, done: Pick<ImportRow, 'added' | 'addedBytes' | 'refused'>): Promise<void> {
  await db
    .updateTable('bundleImports')
    .set((eb) => ({
      added: eb('added', '+', done.added),
      addedBytes: eb('addedBytes', '+', done.addedBytes),
      refused: eb('refused', '+', done.refused),
    }))
    .where('id', '=', id)
    .execute()
}

/** Ends an import; nothing more can be sent. `false` when it had ended. */
export async function finishImport(db: Db, id: string, finishedAt: number): Promise<boolean> {
  const result = await db
    .updateTable('bundleImports')
    .set({ finishedAt, listing: '' })
    .where('id', '=', id)
    .where('finishedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Forgets what imports listed that were broken off before this time. */
export async function forgetListings(db: Db, before: number): Promise<void> {
  await db
    .updateTable('bundleImports')
    .set({ listing: '' })
    .where('createdAt', '<', before)
    .where('finishedAt', 'is', null)
    .where('listing', '<>', '')
    .execute()
}

/** One package of a provider, or a version without any. */
export interface HeldPackageRow {
  readonly versionId: string
  readonly version: string
  readonly provenance: string
  readonly versionDeletedAt: number | null
  readonly os: string | null
  readonly arch: string | null
  readonly zh: string | null
  readonly deletedAt: number | null
  readonly damagedAt: number | null
}

/** Everything that is known of a provider's packages, deleted ones included. */
export function listHeldPackages(db: Db, { hostname, namespace, type }: ProviderAddress): Promise<HeldPackageRow[]> {
  return db
    .selectFrom('providers as pr')
    .innerJoin('providerVersions as v', 'v.providerId', 'pr.id')
    .leftJoin('providerPlatforms as p', 'p.versionId', 'v.id')
    .select([
      'v.id as versionId',
      'v.version',
      'v.provenance',
      'v.deletedAt as versionDeletedAt',
      'p.os',
      'p.arch',
      'p.zh',
      'p.deletedAt',
      'p.damagedAt',
    ])
    .where('pr.hostname', '=', hostname)
    .where('pr.namespace', '=', namespace)
    .where('pr.type', '=', type)
    .execute()
}
