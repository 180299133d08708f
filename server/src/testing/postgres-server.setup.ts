import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../base/database/open-database.ts'
import { newId } from '../base/ids.ts'
import { type PostgresServer, startPostgresServer } from './postgres-server.ts'
import { findPostgresBinaries } from './postgres-server-binaries.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Address that answers with {@link PostgresForTests} as JSON; the first question starts the server. */
    postgresBroker: string
  }
}

/** What a test file needs to make databases. */
export interface PostgresForTests {
  /** Of a role that may create databases. */
  readonly adminUrl: string
  /** Name of a migrated database to copy. */
  readonly template: string
}

/**
 * Global set-up of every test run: offers one PostgreSQL to all test files, `TEST_POSTGRES_URL` or a server of this run alone. It
 * starts when the first test asks, because many runs touch no database.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<OfferedPostgres> | undefined
  const broker = createServer((_request, response) => {
    started ??= preparePostgres()
    started.then(
      ({ offer }) => response.end(JSON.stringify(offer)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    )
  })
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`)
  return async () => {
    broker.close()
    broker.closeAllConnections()
    await (await started?.catch(() => undefined))?.close()
  }
}

interface OfferedPostgres {
  readonly offer: PostgresForTests
  close(): Promise<void>
}

async function preparePostgres(): Promise<OfferedPostgres> {
  const given = process.env.TEST_POSTGRES_URL
  const server: PostgresServer = given
    ? { url: given, stop: async () => undefined }
    : await startPostgresServer(await findPostgresBinaries(process.env.PATH ?? ''))
  // Two runs may share a server.
  const template = `terrace_template_${newId().replaceAll('-', '')}`
  await administer(server.url, `create database ${template}`)
  const database = openDatabase({ url: databaseUrl(server.url, template), maxConnections: 1, minIdleConnections: 0 })
  await database.migrate()
  await database.close()
  return {
    offer: { adminUrl: server.url, template },
    async close() {
      if (given) await administer(server.url, `drop database ${template}`)
      await server.stop()
    },
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}
