import { type Kysely, sql } from 'kysely'
import type { BaseLogger } from 'pino'
import { RegistryError } from '../errors.ts'
import { type Db, dialectOf } from './dialect.ts'
import type { Migration } from './migration.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import type { Schema } from './schema.ts'

/** One migration, as the program and the database know it. */
export interface MigrationState {
  readonly number: number
  readonly name: string
  /** Unix milliseconds; `undefined` while it waits to be applied. */
  readonly appliedAt: number | undefined
  /** False for one that a newer release has applied; this program runs on it but cannot undo it. */
  readonly known: boolean
}

/** What a run may be given. */
export interface MigrateOptions {
  readonly logger?: Pick<BaseLogger, 'info'> | undefined
  /** Instead of the product's own list, for tests. */
  readonly migrations?: readonly Migration[]
}

interface AppliedRow {
  number: number
  name: string
  appliedAt: number
}

// How long a process waits while another one migrates; SQLite's own waits are made for requests and are shorter.
const LOCK_WAIT_MS = 300_000

/**
 * Applies what is missing, each migration in a transaction of its own together with the note that it was applied: a killed run
 * leaves a whole number of migrations behind and the next one goes on from there. Any number of processes may call this at once.
 * @returns names of the migrations that this call applied, `0001-initial`.
 * @throws {Error} when the applied ones are not the beginning of the list: the database belongs to another program or was edited.
 */
export async function migrate(db: Kysely<Schema>, options: MigrateOptions = {}): Promise<string[]> {
  const { logger, migrations = MIGRATIONS } = options
  const names: string[] = []
  for (;;) {
    const applied = await inMigrationTransaction(db, (tx) => applyNext(tx, migrations))
    if (applied === undefined) return names
    logger?.info({ migration: label(applied) }, 'database migration applied')
    names.push(label(applied))
  }
}

/**
 * Undoes the newest migrations until `to` is the newest left; 0 undoes all, with all data.
 * @returns names of the migrations undone, newest first.
 * @throws {Error} when the database has migrations that this program does not know.
 */
export async function migrateDown(db: Kysely<Schema>, to: number, options: MigrateOptions = {}): Promise<string[]> {
  const { migrations = MIGRATIONS } = options
  const names: string[] = []
  for (;;) {
    const undone = await inMigrationTransaction(db, (tx) => undoLast(tx, to, migrations))
    if (undone === undefined) return names
    names.push(label(undone))
  }
}

/** Every migration that this program or the database knows, by number. Reads only. */
export async function migrationStatus(db: Db, options: MigrateOptions = {}): Promise<MigrationState[]> {
  const { migrations = MIGRATIONS } = options
  const applied = await readApplied(db)
  const ours = migrations.map(({ number, name }) => {
    const row = applied.find((candidate) => candidate.number === number)
    return { number, name, appliedAt: row?.appliedAt, known: true }
  })
  const newer = applied.filter((row) => !migrations.some(({ number }) => number === row.number))
  return [...ours, ...newer.map((row) => ({ ...row, known: false }))]
}

function label({ number, name }: { readonly number: number; readonly name: string }): string {
  return `${String(number).padStart(4, '0')}-${name}`
}

async function inMigrationTransaction<T>(db: Kysely<Schema>, run: (tx: Db) => Promise<T>): Promise<T> {
  const started = performance.now()
  for (;;) {
    try {
      return await db.transaction().execute(async (tx) => {
        for (const statement of dialectOf(tx).migrationLock) await statement.execute(tx)
        return await run(tx)
      })
    } catch (error) {
      const busy = error instanceof RegistryError && error.detail?.reason === 'busy'
      if (!busy || performance.now() - started > LOCK_WAIT_MS) throw error
    }
  }
}

async function applyNext(tx: Db, migrations: readonly Migration[]): Promise<Migration | undefined> {
  await createLog(tx)
  const applied = await readApplied(tx)
  requireSameBeginning(applied, migrations)
  const next = migrations[applied.length]
  if (next === undefined) return undefined
  await next.up(tx)
  await sql`insert into schema_migrations (number, name, applied_at)
    values (${next.number}, ${next.name}, ${dialectOf(tx).now})`.execute(tx)
  return next
}

async function undoLast(tx: Db, to: number, migrations: readonly Migration[]): Promise<Migration | undefined> {
  const last = (await readApplied(tx)).at(-1)
  if (last === undefined || last.number <= to) return undefined
  const migration = migrations.find(({ number }) => number === last.number)
  if (migration === undefined) throw new Error(`Cannot undo migration "${label(last)}": a newer release made it`)
  await migration.down(tx)
  await sql`delete from schema_migrations where number = ${last.number}`.execute(tx)
  return migration
}

async function createLog(db: Db): Promise<void> {
  const { columnTypes } = dialectOf(db)
  await db.schema
    .createTable('schemaMigrations')
    .ifNotExists()
    .addColumn('number', columnTypes.integer, (column) => column.notNull().primaryKey())
    .addColumn('name', columnTypes.text, (column) => column.notNull())
    .addColumn('appliedAt', columnTypes.integer, (column) => column.notNull())
    .execute()
}

async function readApplied(db: Db): Promise<AppliedRow[]> {
  const tables = await db.introspection.getTables()
  if (!tables.some(({ name }) => name === 'schema_migrations')) return []
  const { rows } = await sql<AppliedRow>`select number, name, applied_at from schema_migrations order by number`.execute(db)
  return rows
}

/** More than we know is fine (a newer release was here); a gap or another name is not. */
function requireSameBeginning(applied: readonly AppliedRow[], migrations: readonly Migration[]): void {
  for (const [index, { number, name }] of migrations.entries()) {
    const row = applied[index]
    if (row === undefined) return
    if (row.number === number && row.name === name) continue
    throw new Error(`Cannot migrate the database: it has "${label(row)}" where "${label({ number, name })}" belongs`)
  }
}
