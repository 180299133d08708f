import { primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

async function createLists(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'upstreamModuleLists', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('name', text, required)
      .addColumn('system', text, required)
      .addColumn('versions', text, required)
      .addColumn('fetchedAt', integer, required),
  )
  await createUniqueIndex(db, 'upstreamModuleLists', ['hostname', 'namespace', 'name', 'system'])
}

async function createVersions(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'upstreamModuleVersions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('name', text, required)
      .addColumn('system', text, required)
      .addColumn('namespaceKey', text, required)
      .addColumn('nameKey', text, required)
      .addColumn('version', text, required)
      .addColumn('size', integer, required)
      .addColumn('sha256', text, required)
      .addColumn('contentSha256', text, required)
      .addColumn('storageBackend', text, required)
      .addColumn('storageKey', text, required)
      .addColumn('sourceKind', text, required)
      .addColumn('sourceUrl', text, required)
      .addColumn('gitRef', text)
      .addColumn('commitSha', text)
      .addColumn('receivedSha256', text)
      .addColumn('subdir', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('damagedAt', integer),
  )
  // The key follows from the address: two workers that store one version would both insert.
  await createUniqueIndex(db, 'upstreamModuleVersions', ['storageKey'])
  await createIndex(db, 'upstreamModuleVersions', ['namespaceKey', 'nameKey'])
}

/** Modules that came from upstreams, and what upstreams offer of them. */
export const upstreamModulesMigration: Migration = {
  number: 15,
  name: 'upstream-modules',
  async up(db) {
    await createLists(db)
    await createVersions(db)
  },
  async down(db) {
    await db.schema.dropTable('upstreamModuleVersions').execute()
    await db.schema.dropTable('upstreamModuleLists').execute()
  },
}
