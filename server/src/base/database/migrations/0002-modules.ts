import { belongsTo, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

async function createModules(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'modules', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('namespace', text, required)
      .addColumn('name', text, required)
      .addColumn('system', text, required)
      .addColumn('namespaceKey', text, required)
      .addColumn('nameKey', text, required)
      .addColumn('description', text, required)
      .addColumn('sourceUrl', text)
      .addColumn('createdAt', integer, required)
      .addColumn('deprecatedAt', integer)
      .addColumn('deprecationMessage', text)
      .addColumn('successor', text),
  )
  await createUniqueIndex(db, 'modules', ['namespaceKey', 'nameKey', 'system'])
}

async function createModuleVersions(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'moduleVersions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('moduleId', text, belongsTo('modules.id'))
      .addColumn('version', text, required)
      .addColumn('size', integer, required)
      .addColumn('sha256', text, required)
      .addColumn('contentSha256', text, required)
      .addColumn('storageBackend', text, required)
      .addColumn('storageKey', text, required)
      .addColumn('readme', text, required)
      .addColumn('analysis', text, required)
      .addColumn('commitSha', text)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('deprecatedAt', integer)
      .addColumn('deprecationMessage', text)
      .addColumn('successor', text)
      .addColumn('damagedAt', integer)
      .addColumn('deletedAt', integer)
      .addColumn('deletedReason', text),
  )
  await createUniqueIndex(db, 'moduleVersions', ['moduleId', 'version'])
  await createUniqueIndex(db, 'moduleVersions', ['storageKey', 'storageBackend'])
  await createTable(db, 'moduleVersionDownloads', (table) =>
    table
      .addColumn('versionId', text, belongsTo('moduleVersions.id'))
      .addColumn('day', text, required)
      .addColumn('count', integer, required),
  )
  await createUniqueIndex(db, 'moduleVersionDownloads', ['versionId', 'day'])
  await createIndex(db, 'moduleVersionDownloads', ['day'])
}

/** Modules, their versions and how often they were downloaded. */
export const modulesMigration: Migration = {
  number: 2,
  name: 'modules',
  async up(db) {
    await createModules(db)
    await createModuleVersions(db)
  },
  async down(db) {
    for (const table of ['moduleVersionDownloads', 'moduleVersions', 'modules']) await db.schema.dropTable(table).execute()
  },
}
