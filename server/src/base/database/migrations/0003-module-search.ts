import { belongsTo, primaryKey, required } from '../columns.ts'
import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import type { WordIndex } from '../word-index.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

const WORDS: WordIndex = { table: 'module_search_words', owner: 'module_search' }

/** What modules are found by. */
export const moduleSearchMigration: Migration = {
  number: 3,
  name: 'module-search',
  async up(db) {
    const { columnTypes, wordIndex } = dialectOf(db)
    const { text, integer } = columnTypes
    await createTable(db, 'moduleSearch', (table) =>
      table
        .addColumn('docId', wordIndex.docId, primaryKey)
        .addColumn('moduleId', text, belongsTo('modules.id'))
        .addColumn('namespaceKey', text, required)
        .addColumn('nameKey', text, required)
        .addColumn('system', text, required)
        .addColumn('deprecated', integer, required)
        .addColumn('downloads', integer, required)
        .addColumn('publishedAt', integer, required),
    )
    await createUniqueIndex(db, 'moduleSearch', ['moduleId'])
    await createIndex(db, 'moduleSearch', ['namespaceKey'])
    await createIndex(db, 'moduleSearch', ['nameKey', 'namespaceKey', 'system'])
    for (const statement of wordIndex.create(WORDS)) await statement.execute(db)
    await createTable(db, 'moduleSearchSpellings', (table) => table.addColumn('spelling', text, required).addColumn('word', text, required))
    await createUniqueIndex(db, 'moduleSearchSpellings', ['spelling', 'word'])
  },
  async down(db) {
    await db.schema.dropTable('moduleSearchSpellings').execute()
    for (const statement of dialectOf(db).wordIndex.drop(WORDS)) await statement.execute(db)
    await db.schema.dropTable('moduleSearch').execute()
  },
}
