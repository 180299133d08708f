import { belongsTo, primaryKey, required } from '../columns.ts'
import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createTable, createUniqueIndex } from './create-table.ts'

/** What runs of mirrors left out, and why. */
export const mirrorRunOmissionsMigration: Migration = {
  number: 16,
  name: 'mirror-run-omissions',
  async up(db) {
    const { text, integer } = dialectOf(db).columnTypes
    await createTable(db, 'mirrorRunOmissions', (table) =>
      table
        .addColumn('id', text, primaryKey)
        .addColumn('mirrorId', text, belongsTo('mirrorConfigurations.id'))
        .addColumn('jobId', text, required)
        .addColumn('provider', text, required)
        .addColumn('reason', text, required)
        .addColumn('versions', integer, required)
        .addColumn('examples', text, required)
        .addColumn('why', text, required),
    )
    // A part of a run that is tried again says it once more.
    await createUniqueIndex(db, 'mirrorRunOmissions', ['jobId', 'provider', 'reason'])
  },
  async down(db) {
    await db.schema.dropTable('mirrorRunOmissions').execute()
  },
}
