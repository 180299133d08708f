import type { CreateTableBuilder } from 'kysely'
import { type Db, dialectOf } from '../dialect.ts'

/** A table before its columns. */
export type NewTable = CreateTableBuilder<string, never>

/** Creates a table; on SQLite a strict one, which refuses values of another type as PostgreSQL does. */
export function createTable(db: Db, name: string, define: (table: NewTable) => NewTable): Promise<void> {
  const { tableOptions } = dialectOf(db)
  const table = define(db.schema.createTable(name) as NewTable)
  return (tableOptions === undefined ? table : table.modifyEnd(tableOptions)).execute()
}

/** Creates an index that is named after its columns. */
export function createIndex(db: Db, table: string, columns: string[]): Promise<void> {
  return db.schema
    .createIndex(`${table}_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute()
}

/** Creates an index under which two rows never have the same values. */
export function createUniqueIndex(db: Db, table: string, columns: string[]): Promise<void> {
  return db.schema
    .createIndex(`${table}_${columns.join('_')}`)
    .unique()
    .on(table)
    .columns(columns)
    .execute()
}
