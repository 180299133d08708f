import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { request } from 'undici'
import { afterAll, inject, onTestFinished } from 'vitest'
import { type Database, type OpenDatabaseOptions, openDatabase } from '../base/database/open-database.ts'
import { newId } from '../base/ids.ts'
import { useAuditKey } from '../features/audit/index.ts'
import type { PostgresForTests } from './postgres-server.setup.ts'

/** A database that every database test runs on. */
export type Dialect = 'sqlite' | 'postgresql'

// What a server sets when it opens its database; the same in every test, so that replicas continue one chain.
const AUDIT_KEY = new Uint8Array(32).fill(7)

const ALL_DIALECTS: readonly Dialect[] = ['sqlite', 'postgresql']

/** For `describe.each`. The variable `DIALECTS=sqlite` narrows a run; nothing else does. */
export const DIALECTS: readonly Dialect[] = chosenDialects(process.env.DIALECTS)

function chosenDialects(names: string | undefined): readonly Dialect[] {
  if (!names) return ALL_DIALECTS
  const chosen = ALL_DIALECTS.filter((dialect) => names.split(',').includes(dialect))
  if (chosen.length === 0) throw new Error(`DIALECTS="${names}" names none of ${ALL_DIALECTS.join(', ')}`)
  return chosen
}

/** A database of one test. */
export interface TestDatabase extends Database {
  /** Opens the same database again, as another replica would, in this process or in a child. */
  readonly options: OpenDatabaseOptions
}

/** How to open a fresh, empty or migrated, database. It is removed when the test ends, or its file when called outside a test. */
export interface TestDatabaseOptions {
  /** False for a database without any table. */
  readonly migrated?: boolean
}

/** A fresh database that nobody else sees, closed and removed by itself. */
export async function openTestDatabase(dialect: Dialect, { migrated = true }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const place = dialect === 'sqlite' ? await makeSqliteFile(migrated) : await createPostgresDatabase(migrated)
  const options = { ...place.options, maxConnections: 10, minIdleConnections: 0 }
  const database = openDatabase(options)
  useAuditKey(database.db, AUDIT_KEY)
  let open = true
  const close = async () => {
    if (open) await database.close()
    open = false
  }
  cleanUp(async () => {
    await close()
    await place.remove()
  })
  return { ...database, close, options }
}

interface Place {
  readonly options: { readonly path: string } | { readonly url: string }
  remove(): Promise<void>
}

let sqliteTemplate: Promise<string> | undefined

/** A migrated file to copy: copying takes a millisecond, migrating fifty. */
async function makeSqliteTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-template-'))
  pending.push(async () => {
    sqliteTemplate = undefined
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'terrace.db')
  const database = openDatabase({ path, maxConnections: 1, minIdleConnections: 0 })
  useAuditKey(database.db, AUDIT_KEY)
  await database.migrate()
  await database.close()
  return path
}

/** A file, not memory: only a file has the two connections that the product uses. */
async function makeSqliteFile(migrated: boolean): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-test-'))
  const path = join(folder, 'terrace.db')
  if (migrated) {
    sqliteTemplate ??= makeSqliteTemplate()
    copyFileSync(await sqliteTemplate, path)
  }
  return { options: { path }, remove: async () => rmSync(folder, { recursive: true, force: true }) }
}

async function createPostgresDatabase(migrated: boolean): Promise<Place> {
  const { adminUrl, template } = await askForPostgres()
  const name = `terrace_test_${newId().replaceAll('-', '')}`
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await administer(adminUrl, `create database ${name} template ${migrated ? template : 'template0'}`)
  // Together at the end of the file: the server waits a tenth of a second for the connections of each.
  const drop = () => administer(adminUrl, `drop database ${name} with (force)`)
  return { options: { url: url.href }, remove: async () => void pending.push(drop) }
}

async function askForPostgres(): Promise<PostgresForTests> {
  const { statusCode, body } = await request(inject('postgresBroker'), { headersTimeout: 120_000 })
  if (statusCode !== 200) throw new Error(await body.text())
  return (await body.json()) as PostgresForTests
}

let administrator: pg.Client | undefined

async function administer(adminUrl: string, statement: string): Promise<void> {
  if (administrator === undefined) {
    administrator = new pg.Client({ connectionString: adminUrl })
    await administrator.connect()
  }
  await administrator.query(statement)
}

const pending: (() => Promise<void>)[] = []

function cleanUp(run: () => Promise<void>): void {
  try {
    onTestFinished(run)
  } catch {
    pending.push(run)
  }
}

afterAll(async () => {
  for (let run = pending.shift(); run !== undefined; run = pending.shift()) await run()
  await administrator?.end()
  administrator = undefined
})
