import { dialectOf } from '../../dialect.ts'
import type { Migration } from '../../migration.ts'

/** One version list for all spellings of a module, with the one that its upstream takes. */
export const moduleListSpellingMigration: Migration = {
  number: 19,
  name: 'module-list-spelling',
  async up(db) {
    const { text } = dialectOf(db).columnTypes
    await db.schema.alterTable('upstreamModuleLists').addColumn('spelling', text).execute()
  },
  async down(db) {
    await db.schema.alterTable('upstreamModuleLists').dropColumn('spelling').execute()
  },
}
