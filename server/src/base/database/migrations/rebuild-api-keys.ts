import { sql } from 'kysely'
import { belongsTo, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import { createIndex, createTable, createUniqueIndex, type NewTable } from './create-table.ts'

// SQLite cannot lift NOT NULL from a column, nor drop one that refers to another table; both databases can copy.
async function rebuild(db: Db, owner: 'required' | 'optional', more: (table: NewTable) => NewTable): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  const belongsToUser = belongsTo('users.id')
  await createTable(db, 'apiKeysRebuilt', (table) =>
    more(
      table
        .addColumn('id', text, primaryKey)
        .addColumn('userId', text, owner === 'required' ? belongsToUser : (column) => column.references('users.id').onDelete('cascade'))
        .addColumn('name', text, required)
        .addColumn('prefix', text, required)
        .addColumn('keyHash', text, required)
        .addColumn('scopes', text, required)
        .addColumn('createdAt', integer, required)
        .addColumn('expiresAt', integer)
        .addColumn('revokedAt', integer),
    ),
  )
  const columns = sql.raw('id, user_id, name, prefix, key_hash, scopes, created_at, expires_at, revoked_at')
  await sql`insert into api_keys_rebuilt (${columns}) select ${columns} from api_keys where user_id is not null`.execute(db)
  await db.schema.dropTable('apiKeys').execute()
  await db.schema.alterTable('apiKeysRebuilt').renameTo('apiKeys').execute()
  await createIndex(db, 'apiKeys', ['userId'])
  await createUniqueIndex(db, 'apiKeys', ['keyHash'])
}

/** Keys may belong to an organisation or a trust rule, and say what they are for. */
export async function widenApiKeys(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await rebuild(db, 'optional', (table) =>
    table
      .addColumn('kind', text, (column) => column.notNull().defaultTo('key'))
      .addColumn('organizationId', text, (column) => column.references('organizations.id').onDelete('cascade'))
      .addColumn('trustRuleId', text, (column) => column.references('trustRules.id').onDelete('cascade'))
      .addColumn('namespaces', text)
      .addColumn('lastUsedAt', integer)
      .addColumn('expiryNotificationSentAt', integer),
  )
  await createIndex(db, 'apiKeys', ['expiresAt'])
}

/** The keys as the first migration made them; keys without a user are lost. */
export function narrowApiKeys(db: Db): Promise<void> {
  return rebuild(db, 'required', (table) => table)
}
