import { primaryKey, required } from '../columns.ts'
import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

/** What providers on demand need: the version lists of upstreams, and finding the latest item for a package. */
export const upstreamVersionListsMigration: Migration = {
  number: 9,
  name: 'upstream-version-lists',
  async up(db) {
    const { text, integer } = dialectOf(db).columnTypes
    await createTable(db, 'upstreamVersionLists', (table) =>
      table
        .addColumn('id', text, primaryKey)
        .addColumn('hostname', text, required)
        .addColumn('namespace', text, required)
        .addColumn('type', text, required)
        .addColumn('versions', text, required)
        .addColumn('fetchedAt', integer, required),
    )
    await createUniqueIndex(db, 'upstreamVersionLists', ['hostname', 'namespace', 'type'])
    await createIndex(db, 'downloadJobItems', ['key', 'kind'])
  },
  async down(db) {
    await db.schema.dropIndex('downloadJobItems_key_kind').execute()
    await db.schema.dropTable('upstreamVersionLists').execute()
  },
}
