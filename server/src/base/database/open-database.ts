import { CamelCasePlugin, Kysely, PostgresDialect, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { BaseLogger } from 'pino'
import { databaseUnavailable } from './database-errors.ts'
import { type DialectFlags, FlaggedPostgresAdapter, FlaggedSqliteAdapter, POSTGRES_FLAGS, SQLITE_FLAGS } from './dialect.ts'
import { type MigrationState, migrate, migrationStatus } from './migrate.ts'
import { openPostgresPool } from './postgres-pool.ts'
import type { Schema } from './schema.ts'
import { SqliteDriver } from './sqlite-driver.ts'

export type { Db } from './dialect.ts'

/** Where the database is. One of `url` (PostgreSQL) and `path` (SQLite); `url` wins. */
export interface OpenDatabaseOptions {
  /** `postgres://…`; empty is the same as absent. */
  readonly url?: string | undefined
  /** SQLite file; it and its folder are made when missing. */
  readonly path?: string | undefined
  /** Upper bound of the pool; SQLite always has one connection that writes and one that reads. */
  readonly maxConnections: number
  readonly minIdleConnections: number
  readonly logger?: Pick<BaseLogger, 'info' | 'warn'> | undefined
}

/** An open database. Nothing is connected before the first query, so that the server starts while the database is down. */
export interface Database {
  readonly db: Kysely<Schema>
  readonly dialect: DialectFlags
  /** Brings the schema up to date; safe from many processes at once. Answers the names of the migrations it applied. */
  migrate(): Promise<string[]>
  /** Every migration that this program or the database knows, in order. */
  migrationStatus(): Promise<MigrationState[]>
  /** One round trip. @throws {RegistryError} DATABASE_UNAVAILABLE also when no answer comes within `timeoutMs` (default 2 s). */
  ping(timeoutMs?: number): Promise<void>
  /** Waits for running transactions, then closes every connection. */
  close(): Promise<void>
}

/** @throws {TypeError} when neither `url` nor `path` is given. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const { logger } = options
  const { db, dialect } = options.url ? openPostgres({ ...options, url: options.url }) : openSqlite(options.path)
  return {
    db,
    dialect,
    migrate: () => migrate(db, { logger }),
    migrationStatus: () => migrationStatus(db),
    ping: (timeoutMs = 2000) => ping(db, timeoutMs),
    close: () => db.destroy(),
  }
}

interface OpenedDatabase {
  readonly db: Kysely<Schema>
  readonly dialect: DialectFlags
}

function openPostgres(options: OpenDatabaseOptions & { readonly url: string }): OpenedDatabase {
  const base = new PostgresDialect({ pool: async () => openPostgresPool(options) })
  const dialect = {
    createDriver: () => base.createDriver(),
    createQueryCompiler: () => base.createQueryCompiler(),
    createAdapter: () => new FlaggedPostgresAdapter(),
    createIntrospector: base.createIntrospector.bind(base),
  }
  return { db: new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin()] }), dialect: POSTGRES_FLAGS }
}

const SQLITE_WAITS = { lockTimeoutMs: 15_000, busyTimeoutMs: 5_000 }

function openSqlite(path: string | undefined): OpenedDatabase {
  if (!path) throw new TypeError('openDatabase needs a url or a path')
  const dialect = {
    createDriver: () => new SqliteDriver(path, SQLITE_WAITS),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new FlaggedSqliteAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  }
  return { db: new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin()] }), dialect: SQLITE_FLAGS }
}

async function ping(db: Kysely<Schema>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(databaseUnavailable('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([db.selectNoFrom(sql<number>`1`.as('one')).execute(), late])
  } finally {
    clearTimeout(timer)
  }
}
