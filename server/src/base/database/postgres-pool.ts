import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import pg from 'pg'
import type { BaseLogger } from 'pino'
import { spoilsConnection, translatePostgresError } from './database-errors.ts'

/** How the pool reaches the server and how large it may grow. */
export interface PostgresPoolOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  readonly url: string
  readonly maxConnections: number
  /** Idle connections beyond these are closed after ten seconds. They are kept once they were needed, not opened in advance. */
  readonly minIdleConnections: number
  readonly logger?: Pick<BaseLogger, 'warn'> | undefined
}

const STATEMENT_TIMEOUT_MS = 30_000

// What a session is set to; a server that does not know one of them is left as it is. Sent as a statement, because poolers refuse
// unknown start-up parameters.
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  lock_timeout: '10000',
  idle_in_transaction_session_timeout: '60000',
  // Without these, the server keeps the locks of a client that was cut off for as long as a statement runs (reliability.md F26).
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
  client_connection_check_interval: '500',
}

const INT8 = 20
const BYTEA = 17

/** 64-bit integers as numbers (times, sizes and counts stay below 2^53) and bytes as plain Uint8Array, as `node:sqlite` gives them. */
const columnParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number
    if (oid === BYTEA) return parseBytes
    return pg.types.getTypeParser(oid, format)
  }) as typeof pg.types.getTypeParser,
}

function parseBytes(text: string): Uint8Array {
  const buffer = Buffer.from(text.slice(2), 'hex')
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

/**
 * A pool whose errors are RegistryErrors where the database is at fault, and which drops every connection that such an error has
 * spoilt: after a failover no request meets the old primary twice.
 */
export function openPostgresPool(options: PostgresPoolOptions): PostgresPool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'terrace',
    max: options.maxConnections,
    min: Math.min(options.minIdleConnections, options.maxConnections),
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: 5_000,
    // The client's own limit, for a server that does not even answer that it timed out.
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    keepAlive: true,
    types: columnParsers,
    onConnect: prepareSession,
  })
  // An idle connection that breaks is reported here; without a listener it would end the process.
  pool.on('error', (error) => options.logger?.warn({ err: error }, 'an idle database connection broke'))
  return { options: pool.options, connect: () => connectGuarded(pool), end: () => pool.end() }
}

async function prepareSession(client: pg.ClientBase): Promise<void> {
  // The pool listens only while the connection is idle. One that breaks between two statements of a transaction would otherwise
  // end the process; the next statement reports it.
  client.on('error', () => undefined)
  await client.query(
    `select set_config(s.name, v.value, false) from pg_settings s
      join unnest($1::text[], $2::text[]) as v(name, value) on v.name = s.name
      where s.name <> 'client_connection_check_interval' or version() !~* 'visual c|mingw|msvc'`,
    [Object.keys(SESSION_SETTINGS), Object.values(SESSION_SETTINGS)],
  )
  // An acknowledged publish must survive a crash of the server (reliability.md P2), whatever the database's default is.
  await client.query(`select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`)
}

async function connectGuarded(pool: pg.Pool): Promise<PostgresPoolClient> {
  try {
    return guardClient(await pool.connect())
  } catch (error) {
    throw translatePostgresError(error)
  }
}

function guardClient(client: pg.PoolClient): PostgresPoolClient {
  let spoilt = false
  const query = async <R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> => {
    try {
      return (await client.query(text, [...parameters])) as unknown as PostgresQueryResult<R>
    } catch (error) {
      spoilt ||= spoilsConnection(error)
      throw translatePostgresError(error)
    }
  }
  return { query: query as PostgresPoolClient['query'], release: (destroy) => client.release(spoilt || destroy === true) }
}
