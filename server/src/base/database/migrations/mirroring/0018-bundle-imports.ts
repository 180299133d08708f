import { primaryKey, required } from '../../columns.ts'
import { dialectOf } from '../../dialect.ts'
import type { Migration } from '../../migration.ts'
import { createTable } from '../create-table.ts'

/** What is brought in from bundles and folders. */
export const bundleImportsMigration: Migration = {
  number: 18,
  name: 'bundle-imports',
  async up(db) {
    const { text, integer } = dialectOf(db).columnTypes
    await createTable(db, 'bundleImports', (table) =>
      table
        .addColumn('id', text, primaryKey)
        .addColumn('kind', text, required)
        .addColumn('name', text, required)
        .addColumn('signedBy', text)
        .addColumn('listing', text, required)
        .addColumn('options', text, required)
        .addColumn('added', integer, required)
        .addColumn('addedBytes', integer, required)
        .addColumn('refused', integer, required)
        .addColumn('createdAt', integer, required)
        .addColumn('createdBy', text, required)
        .addColumn('finishedAt', integer),
    )
  },
  async down(db) {
    await db.schema.dropTable('bundleImports').execute()
  },
}
