import { type Kysely, PostgresAdapter, type RawBuilder, SqliteAdapter, sql, type Transaction } from 'kysely'
import { type AppendOnlySql, POSTGRES_APPEND_ONLY, SQLITE_APPEND_ONLY } from './append-only.ts'
import type { Schema } from './schema.ts'
import { POSTGRES_WORD_INDEX, SQLITE_WORD_INDEX, type WordIndexSql } from './word-index.ts'

/** What every query function takes first: the database itself or an open transaction. */
export type Db = Kysely<Schema> | Transaction<Schema>

type ColumnDataType = RawBuilder<unknown>

/** How the two databases differ. Code asks for an ability, never for a name. */
export interface DialectFlags {
  /** For people: logs, health and doctor. */
  readonly name: 'sqlite' | 'postgresql'
  /** Rows can be locked, and locked rows skipped. Without it, a transaction that writes has the database to itself. */
  readonly rowLocks: boolean
  readonly columnTypes: {
    /** Bytewise order on both databases. */
    readonly text: ColumnDataType
    /** 64 bits; times are Unix milliseconds. */
    readonly integer: ColumnDataType
    readonly bytes: ColumnDataType
  }
  /** What a `create table` ends with; makes SQLite refuse values of another type, as PostgreSQL does. */
  readonly tableOptions: RawBuilder<unknown> | undefined
  /** The database's clock in Unix milliseconds, at the moment the statement runs. */
  readonly now: RawBuilder<number>
  /** Documents found by their words. */
  readonly wordIndex: WordIndexSql
  /** Tables whose rows stay as they are. */
  readonly appendOnly: AppendOnlySql
  /** First statements of a transaction that migrates; `undefined` where every writing transaction excludes the others anyway. */
  readonly migrationLock: readonly RawBuilder<unknown>[]
}

// Any constant will do; it only has to differ from other users of advisory locks in the same database.
const MIGRATION_LOCK_ID = 7_261_408_153

/** Flags of the embedded database. */
export const SQLITE_FLAGS: DialectFlags = {
  name: 'sqlite',
  rowLocks: false,
  columnTypes: { text: sql`text`, integer: sql`integer`, bytes: sql`blob` },
  tableOptions: sql`strict`,
  now: sql<number>`cast(round(unixepoch('subsec') * 1000) as integer)`,
  wordIndex: SQLITE_WORD_INDEX,
  appendOnly: SQLITE_APPEND_ONLY,
  migrationLock: [],
}

/** Flags of PostgreSQL 14 and later. */
export const POSTGRES_FLAGS: DialectFlags = {
  name: 'postgresql',
  rowLocks: true,
  // Collation "C": an ICU collation would sort `net_work` before `net-work`, and SQLite compares bytes.
  columnTypes: { text: sql`text collate "C"`, integer: sql`bigint`, bytes: sql`bytea` },
  tableOptions: undefined,
  // Not now(): that is the start of the transaction, and a lease must not begin in the past.
  now: sql<number>`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`,
  wordIndex: POSTGRES_WORD_INDEX,
  appendOnly: POSTGRES_APPEND_ONLY,
  // A waiting replica must not run into the limits meant for requests. The lock ends with the transaction, also when killed.
  migrationLock: [
    sql`set local statement_timeout = 0`,
    sql`set local lock_timeout = 0`,
    sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK_ID)})`,
  ],
}

/** Carries the flags to wherever a query is built, in a transaction too. */
export class FlaggedSqliteAdapter extends SqliteAdapter {
  readonly flags = SQLITE_FLAGS

  /** Our driver serialises writers itself and lets readers pass. */
  override get supportsMultipleConnections(): boolean {
    return true
  }

  /** SQLite rolls schema changes back; with Kysely's `false`, a failed migration would leave its tables behind. */
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** Carries the flags to wherever a query is built, in a transaction too. */
export class FlaggedPostgresAdapter extends PostgresAdapter {
  readonly flags = POSTGRES_FLAGS
}

/** Flags of the database behind a handle. */
export function dialectOf(db: Db): DialectFlags {
  const { adapter } = db.getExecutor()
  if (adapter instanceof FlaggedSqliteAdapter || adapter instanceof FlaggedPostgresAdapter) return adapter.flags
  throw new TypeError('The handle was not opened by openDatabase')
}
