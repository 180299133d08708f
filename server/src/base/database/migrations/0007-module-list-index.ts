import { sql } from 'kysely'
import type { Migration } from '../migration.ts'

const INDEX = 'moduleVersions_moduleId_installable'

/** Lists of modules ask of each module whether anything of it can be installed; without the rows, which are large. */
export const moduleListIndexMigration: Migration = {
  number: 7,
  name: 'module-list-index',
  async up(db) {
    await db.schema
      .createIndex(INDEX)
      .on('moduleVersions')
      .columns(['moduleId'])
      .where(sql.ref('deletedAt'), 'is', null)
      .where(sql.ref('damagedAt'), 'is', null)
      .execute()
  },
  async down(db) {
    await db.schema.dropIndex(INDEX).execute()
  },
}
