import type { Insertable } from 'kysely'
import type { Database } from '../base/database/open-database.ts'
import type { ModulesTable } from '../base/database/schema.ts'
import {
  indexModule,
  type ModuleSearchInput,
  type ModuleSearchResult,
  type SearchDocument,
  searchModules,
} from '../features/module-search/index.ts'

/** A module to find, with as little as a test has to say. */
export function searchDocument(address: string, parts: Partial<SearchDocument> = {}): SearchDocument {
  const [namespace = '', name = '', system = ''] = address.split('/')
  return {
    moduleId: address,
    namespace,
    name,
    system,
    description: '',
    readme: '',
    inputNames: [],
    resourceTypes: [],
    deprecated: false,
    downloads: 0,
    publishedAt: 1_790_000_000_000,
    ...parts,
  }
}

/** Stores modules and indexes them, in one transaction. */
export async function addSearchDocuments({ db }: Pick<Database, 'db'>, documents: readonly SearchDocument[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const document of documents) {
      await tx.insertInto('modules').values(moduleRow(document)).execute()
      await indexModule(tx, document)
    }
  })
}

/** The module that a document is about. */
export function moduleRow({ moduleId, namespace, name, system, description, publishedAt }: SearchDocument): Insertable<ModulesTable> {
  return {
    id: moduleId,
    namespace,
    name,
    system,
    namespaceKey: namespace.toLowerCase(),
    nameKey: name.toLowerCase(),
    description,
    sourceUrl: null,
    createdAt: publishedAt,
    deprecatedAt: null,
    deprecationMessage: null,
    successor: null,
  }
}

/** Searches with what most tests want: by relevance, the first 20. */
export function search({ db }: Pick<Database, 'db'>, input: Partial<ModuleSearchInput>): Promise<ModuleSearchResult> {
  return searchModules(db, { q: '', sort: 'relevance', limit: 20, offset: 0, reader: 'all', ...input })
}
