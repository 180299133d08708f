import { belongsTo, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { SYSTEM_MIRROR_POLICIES } from '../seed-rows.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

async function createPolicies(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirrorPolicies', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('name', text, required)
      .addColumn('priority', integer, required)
      .addColumn('effect', text, required)
      .addColumn('upstream', text, required)
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('version', text)
      .addColumn('organizationId', text, (column) => column.references('organizations.id').onDelete('cascade'))
      .addColumn('reason', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('disabledAt', integer),
  )
  await createUniqueIndex(db, 'mirrorPolicies', ['name'])
}

async function createApprovals(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirrorApprovalRequests', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('kind', text, required)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('version', text)
      .addColumn('state', text, required)
      .addColumn('reason', text, required)
      .addColumn('requestedBy', text, required)
      .addColumn('requestedById', text)
      .addColumn('createdAt', integer, required)
      .addColumn('needed', integer, required)
      .addColumn('approvals', integer, required)
      .addColumn('decidedAt', integer),
  )
  await createIndex(db, 'mirrorApprovalRequests', ['hostname', 'namespace', 'type'])
  await createIndex(db, 'mirrorApprovalRequests', ['state', 'createdAt'])
  await createTable(db, 'mirrorApprovalDecisions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('requestId', text, belongsTo('mirrorApprovalRequests.id'))
      .addColumn('decision', text, required)
      .addColumn('actorKey', text, required)
      .addColumn('actorName', text, required)
      .addColumn('reason', text, required)
      .addColumn('createdAt', integer, required),
  )
  await createUniqueIndex(db, 'mirrorApprovalDecisions', ['requestId', 'decision', 'actorKey'])
}

async function createSeenVersions(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'mirrorSeenVersions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('version', text, required)
      .addColumn('firstSeenAt', integer, required)
      .addColumn('publishedAt', integer),
  )
  await createUniqueIndex(db, 'mirrorSeenVersions', ['hostname', 'namespace', 'type', 'version'])
}

/** Which providers of upstreams may come in: rules, approvals and since when versions are known. */
export const mirrorPoliciesMigration: Migration = {
  number: 10,
  name: 'mirror-policies',
  async up(db) {
    await createPolicies(db)
    await createApprovals(db)
    await createSeenVersions(db)
    const createdAt = dialectOf(db).now
    const rows = SYSTEM_MIRROR_POLICIES.map((policy) => ({
      ...policy,
      version: null,
      organizationId: null,
      createdAt,
      createdBy: 'terrace',
      disabledAt: null,
    }))
    await db.insertInto('mirrorPolicies').values(rows).execute()
  },
  async down(db) {
    await db.schema.dropTable('mirrorSeenVersions').execute()
    await db.schema.dropTable('mirrorApprovalDecisions').execute()
    await db.schema.dropTable('mirrorApprovalRequests').execute()
    await db.schema.dropTable('mirrorPolicies').execute()
  },
}
