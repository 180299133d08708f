import { join } from 'node:path'
import { type Database, openDatabase } from '@terrace/server/base/database/open-database.ts'
import { startPostgresServer } from '@terrace/server/testing/postgres-server.ts'
import { findPostgresBinaries } from '@terrace/server/testing/postgres-server-binaries.ts'
import { type BenchServer, startBenchServer } from '../bench-server.ts'

/** What modules are measured on, with the name for people. */
export const DATABASES = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const

export type DatabaseKind = keyof typeof DATABASES

/** A server, and its database for rows that would take hours to publish. */
export interface ModuleServer extends AsyncDisposable {
  readonly server: BenchServer
  readonly database: Database
}

/** Starts one on an empty database. PostgreSQL is the machine's own or the one of the tests, with the settings of the tests. */
export async function startModuleServer(kind: DatabaseKind): Promise<ModuleServer> {
  await using started = new AsyncDisposableStack()
  const url = kind === 'postgres' ? started.adopt(await startPostgres(), ({ stop }) => stop()).url : ''
  const server = started.use(await startBenchServer({ env: { TFR_DATABASE_URL: url } }))
  const path = join(server.dataDir, 'terrace.db')
  const database = started.adopt(openDatabase({ url, path, maxConnections: 2, minIdleConnections: 0 }), (opened) => opened.close())
  const kept = started.move()
  return { server, database, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function startPostgres() {
  return startPostgresServer(await findPostgresBinaries(process.env.PATH ?? ''))
}
