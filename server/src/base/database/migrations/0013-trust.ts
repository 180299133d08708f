import type { ColumnDefinitionBuilderCallback } from 'kysely'
import { primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createTable, createUniqueIndex } from './create-table.ts'

const NAMESPACE_SCOPE = ['hostname', 'namespace', 'fingerprint']
const OLD_INDEX = `signingKeys_${NAMESPACE_SCOPE.join('_')}`
const SCOPE = ['hostname', 'namespace', 'type', 'fingerprint']

const defaultsTo =
  (value: string): ColumnDefinitionBuilderCallback =>
  (column) =>
    column.notNull().defaultTo(value)

async function extendSigningKeys(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await db.schema.alterTable('signingKeys').addColumn('type', text, defaultsTo('')).execute()
  for (const name of ['expiresAt', 'examinedAt', 'expiryWarnedFor', 'retiredAt']) {
    await db.schema.alterTable('signingKeys').addColumn(name, integer).execute()
  }
  await db.schema.dropIndex(OLD_INDEX).execute()
  await createUniqueIndex(db, 'signingKeys', SCOPE)
}

/** Keys for single providers, their ends and the addresses they are refreshed from; and what was taken without a signature. */
export const trustMigration: Migration = {
  number: 13,
  name: 'trust',
  async up(db) {
    const { text, integer } = dialectOf(db).columnTypes
    await db.schema.alterTable('providerVersions').addColumn('provenance', text, defaultsTo('verified')).execute()
    await extendSigningKeys(db)
    await createTable(db, 'signingKeySources', (table) =>
      table
        .addColumn('id', text, primaryKey)
        .addColumn('scope', text, required)
        .addColumn('url', text, required)
        .addColumn('nextAt', integer, required)
        .addColumn('checkedAt', integer)
        .addColumn('succeededAt', integer)
        .addColumn('failure', text),
    )
    await createUniqueIndex(db, 'signingKeySources', ['scope', 'url'])
  },
  async down(db) {
    await db.schema.dropTable('signingKeySources').execute()
    await db.schema.dropIndex(`signingKeys_${SCOPE.join('_')}`).execute()
    await db.deleteFrom('signingKeys').where('type', '<>', '').execute()
    await createUniqueIndex(db, 'signingKeys', NAMESPACE_SCOPE)
    for (const name of ['type', 'expiresAt', 'examinedAt', 'expiryWarnedFor', 'retiredAt']) {
      await db.schema.alterTable('signingKeys').dropColumn(name).execute()
    }
    await db.schema.alterTable('providerVersions').dropColumn('provenance').execute()
  },
}
