import { sql } from 'kysely'
import { primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable } from './create-table.ts'

async function createNotifications(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'notifications', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('kind', text, required)
      .addColumn('subject', text, required)
      .addColumn('message', text, required)
      .addColumn('hint', text, required)
      .addColumn('dedupeKey', text, required)
      .addColumn('organizationId', text, (column) => column.references('organizations.id').onDelete('cascade'))
      .addColumn('createdAt', integer, required)
      .addColumn('readAt', integer)
      .addColumn('readBy', text)
      .addColumn('mailedAt', integer),
  )
  await db.schema
    .createIndex('notifications_unread_cause')
    .unique()
    .on('notifications')
    .columns(['dedupeKey'])
    .where(sql.ref('readAt'), 'is', null)
    .execute()
  await createIndex(db, 'notifications', ['createdAt', 'id'])
}

async function createMails(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mails', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('recipients', text, required)
      .addColumn('subject', text, required)
      .addColumn('body', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('dueAt', integer)
      .addColumn('attempts', integer, required)
      .addColumn('leaseToken', text)
      .addColumn('sentAt', integer)
      .addColumn('lastError', text),
  )
  await createIndex(db, 'mails', ['dueAt', 'id'])
}

/** What administrators should know, and letters that are to be sent. */
export const notificationsMigration: Migration = {
  number: 12,
  name: 'notifications',
  async up(db) {
    await createNotifications(db)
    await createMails(db)
  },
  async down(db) {
    await db.schema.dropTable('mails').execute()
    await db.schema.dropTable('notifications').execute()
  },
}
