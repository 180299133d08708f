import { belongsTo, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

async function createConfigurations(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirrorConfigurations', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('organizationId', text, belongsTo('organizations.id'))
      .addColumn('name', text, required)
      .addColumn('hostname', text, required)
      .addColumn('namespaces', text, required)
      .addColumn('providers', text, required)
      .addColumn('versions', text, required)
      .addColumn('platforms', text, required)
      .addColumn('keepNewest', integer)
      .addColumn('coolDownDays', integer, required)
      .addColumn('prereleases', integer, required)
      .addColumn('intervalHours', integer, required)
      .addColumn('pausedAt', integer)
      .addColumn('nextRunAt', integer, required)
      .addColumn('runNumber', integer, required)
      .addColumn('currentJobId', text)
      .addColumn('failures', integer, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required),
  )
  await createUniqueIndex(db, 'mirrorConfigurations', ['name'])
}

async function createHistory(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirrorSyncHistory', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('mirrorId', text, belongsTo('mirrorConfigurations.id'))
      .addColumn('runNumber', integer, required)
      .addColumn('jobId', text, required)
      .addColumn('startedBecause', text, required)
      .addColumn('startedBy', text, required)
      .addColumn('scope', text, required)
      .addColumn('startedAt', integer, required)
      .addColumn('finishedAt', integer)
      .addColumn('state', text, required)
      .addColumn('packages', integer, required)
      .addColumn('fetched', integer, required)
      .addColumn('failed', integer, required)
      .addColumn('bytes', integer, required)
      .addColumn('errors', text, required),
  )
  // Two processes that start the same run would write the same number.
  await createUniqueIndex(db, 'mirrorSyncHistory', ['mirrorId', 'runNumber'])
  await createIndex(db, 'mirrorSyncHistory', ['jobId'])
}

async function createVersions(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirroredProviderVersions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('mirrorId', text, belongsTo('mirrorConfigurations.id'))
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('version', text, required)
      .addColumn('firstSeenAt', integer, required)
      .addColumn('publishedAt', integer)
      .addColumn('jobId', text),
  )
  await createUniqueIndex(db, 'mirroredProviderVersions', ['mirrorId', 'namespace', 'type', 'version'])
}

const TABLES = ['mirrorConfigurations', 'mirrorSyncHistory', 'mirroredProviderVersions']

/** Mirrors that look after themselves, their runs, and what they have seen. */
export const mirrorConfigurationsMigration: Migration = {
  number: 11,
  name: 'mirror-configurations',
  async up(db) {
    for (const create of [createConfigurations, createHistory, createVersions]) await create(db)
  },
  async down(db) {
    for (const table of TABLES.toReversed()) await db.schema.dropTable(table).execute()
  },
}
