import { LRUCache } from 'lru-cache'
import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { findImport, findImportContent, type ImportSummary } from './import-queries.ts'
import type { ImportListing, ImportOptions } from './listing/import-listing.ts'

/** An import that goes on. */
export interface OpenImport {
  readonly id: string
  readonly listing: ImportListing
  readonly options: ImportOptions
}

/** Reads imports for those who send files; what one lists never changes, and reading it takes a while. */
export type ImportReader = (id: string) => Promise<OpenImport>

const MAX_KEPT = 4

/** A reader that keeps the last few. @throws {RegistryError} IMPORT_NOT_FOUND, IMPORT_ENDED from the reader. */
export function createImportReader(db: Db): ImportReader {
  const kept = new LRUCache<string, OpenImport>({ max: MAX_KEPT })
  return async (id) => {
    const row = await requireImport(db, id)
    if (row.finishedAt !== null) throw ended(row)
    const known = kept.get(id)
    if (known !== undefined) return known
    const content = await findImportContent(db, id)
    if (content === undefined || content.listing === '') throw ended(row)
    const open = { id, listing: decodeJson<ImportListing>(content.listing), options: decodeJson<ImportOptions>(content.options) }
    kept.set(id, open)
    return open
  }
}

/** @throws {RegistryError} IMPORT_NOT_FOUND */
export async function requireImport(db: Db, id: string): Promise<ImportSummary> {
  const row = await findImport(db, id)
  if (row !== undefined) return row
  throw new RegistryError('IMPORT_NOT_FOUND', `Cannot find import "${id.slice(0, 100)}": there is none with this id`, {
    hint: 'The ids are in the list at /api/v1/admin/imports',
  })
}

/** The failure of sending to an import that is over. */
export function ended({ name }: Pick<ImportSummary, 'name'>): RegistryError {
  return new RegistryError('IMPORT_ENDED', `Cannot add to the import of "${name}": it is over`, {
    hint: 'Begin another one: what is held already is not sent again',
  })
}
