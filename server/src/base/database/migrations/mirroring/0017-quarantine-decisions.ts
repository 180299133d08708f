import { dialectOf } from '../../dialect.ts'
import type { Migration } from '../../migration.ts'

const ADDED = {
  quarantinedPackages: {
    text: ['jobId', 'releasedBy', 'releaseReason'],
    integer: ['firstSeenAt', 'releasedAt'],
  },
  providerPlatforms: { text: ['acceptedFindings', 'upstreamZh'], integer: ['upstreamChangedAt'] },
  providerVersions: { text: [], integer: ['digestsCheckedAt'] },
} as const

/** Decisions on quarantined packages, what they let in, and digests that changed upstream. */
export const quarantineDecisionsMigration: Migration = {
  number: 17,
  name: 'quarantine-decisions',
  async up(db) {
    const { text, integer } = dialectOf(db).columnTypes
    for (const [table, columns] of Object.entries(ADDED)) {
      for (const name of columns.text) await db.schema.alterTable(table).addColumn(name, text).execute()
      for (const name of columns.integer) await db.schema.alterTable(table).addColumn(name, integer).execute()
    }
    await db.schema
      .alterTable('quarantinedPackages')
      .addColumn('attempts', integer, (column) => column.notNull().defaultTo(1))
      .execute()
  },
  async down(db) {
    await db.schema.alterTable('quarantinedPackages').dropColumn('attempts').execute()
    for (const [table, columns] of Object.entries(ADDED)) {
      for (const name of [...columns.text, ...columns.integer]) await db.schema.alterTable(table).dropColumn(name).execute()
    }
  },
}
