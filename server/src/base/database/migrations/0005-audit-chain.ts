import type { AppendOnlyTable } from '../append-only.ts'
import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createUniqueIndex } from './create-table.ts'

const AUDIT: AppendOnlyTable = { table: 'audit_logs', uniqueColumns: ['id', 'sequence'] }
const ROW_COLUMNS = ['previousHash', 'hash']
const HEAD_COLUMNS = ['auditHeadHash', 'auditHeadSeal']

/**
 * Chains the audit and makes it append-only in the database too. Rows from before stay without a place in the chain; its first
 * row counts them.
 */
export const auditChainMigration: Migration = {
  number: 5,
  name: 'audit-chain',
  async up(db) {
    const { columnTypes, appendOnly } = dialectOf(db)
    const { text, integer } = columnTypes
    await db.schema.alterTable('auditLogs').addColumn('sequence', integer).execute()
    for (const column of ROW_COLUMNS) await db.schema.alterTable('auditLogs').addColumn(column, text).execute()
    await createUniqueIndex(db, 'auditLogs', ['sequence'])
    await createIndex(db, 'auditLogs', ['action', 'at'])
    await createIndex(db, 'auditLogs', ['requestId'])
    await db.schema
      .alterTable('systemSettings')
      .addColumn('auditSequence', integer, (column) => column.notNull().defaultTo(0))
      .execute()
    for (const column of HEAD_COLUMNS) await db.schema.alterTable('systemSettings').addColumn(column, text).execute()
    for (const statement of appendOnly.create(AUDIT)) await statement.execute(db)
  },
  async down(db) {
    for (const statement of dialectOf(db).appendOnly.drop(AUDIT)) await statement.execute(db)
    for (const column of [...HEAD_COLUMNS, 'auditSequence']) await db.schema.alterTable('systemSettings').dropColumn(column).execute()
    for (const columns of [['sequence'], ['action', 'at'], ['requestId']]) {
      await db.schema.dropIndex(`auditLogs_${columns.join('_')}`).execute()
    }
    for (const column of [...ROW_COLUMNS, 'sequence']) await db.schema.alterTable('auditLogs').dropColumn(column).execute()
  },
}
