import { primaryKey, required } from '../columns.ts'
import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createTable, createUniqueIndex } from './create-table.ts'

/** Signed checksum lists of versions that are not held. */
export const upstreamSignedVersionsMigration: Migration = {
  number: 14,
  name: 'upstream-signed-versions',
  async up(db) {
    const { text, integer, bytes } = dialectOf(db).columnTypes
    await createTable(db, 'upstreamSignedVersions', (table) =>
      table
        .addColumn('id', text, primaryKey)
        .addColumn('hostname', text, required)
        .addColumn('namespace', text, required)
        .addColumn('type', text, required)
        .addColumn('version', text, required)
        .addColumn('shasums', bytes, required)
        .addColumn('signature', bytes, required)
        .addColumn('protocols', text, required)
        .addColumn('fetchedAt', integer, required),
    )
    await createUniqueIndex(db, 'upstreamSignedVersions', ['hostname', 'namespace', 'type', 'version'])
  },
  async down(db) {
    await db.schema.dropTable('upstreamSignedVersions').execute()
  },
}
