import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { migrate, migrateDown, migrationStatus } from './migrate.ts'
import type { Migration } from './migration.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

const run = promisify(execFile)
const ALL = MIGRATIONS.map(({ number, name }) => `${String(number).padStart(4, '0')}-${name}`)
const CHILD = fileURLToPath(new URL('./migrate.fault-child.ts', import.meta.url))

interface ChildAnswer {
  readonly applied: string[]
  readonly statements: number
}

async function migrateInChild(database: TestDatabase, fatalStatement = 0): Promise<ChildAnswer> {
  const { stdout } = await run(process.execPath, [CHILD, JSON.stringify(database.options), String(fatalStatement)])
  return JSON.parse(stdout) as ChildAnswer
}

function openEmpty(dialect: (typeof DIALECTS)[number]): Promise<TestDatabase> {
  return openTestDatabase(dialect, { migrated: false })
}

async function tableNames({ db }: TestDatabase): Promise<string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name).toSorted()
}

/** The tables before the first migration, and after each. */
async function tablesAfterEach(dialect: (typeof DIALECTS)[number]): Promise<string[][]> {
  const database = await openEmpty(dialect)
  const states = [await tableNames(database)]
  for (const migration of MIGRATIONS) {
    await migrate(database.db, { migrations: MIGRATIONS.slice(0, migration.number) })
    states.push(await tableNames(database))
  }
  return states
}

/** Two small migrations, for what the real list cannot show. */
function smallMigration(number: number, name: string, statement: 'good' | 'bad' = 'good'): Migration {
  return {
    number,
    name,
    async up(db) {
      await db.schema.createTable(`table${number}`).addColumn('id', 'text').execute()
      if (statement === 'bad') throw new Error('a mistake in the migration')
    },
    async down(db) {
      await db.schema.dropTable(`table${number}`).execute()
    },
  }
}

describe.each(DIALECTS)('migrations on %s', (dialect) => {
  test('the first run applies everything, the second nothing', async () => {
    const database = await openEmpty(dialect)
    expect(await database.migrate()).toEqual(ALL)
    expect(await database.migrate()).toEqual([])
  })

  test('all the way down leaves no table of ours, and up again works', async () => {
    const database = await openEmpty(dialect)
    await database.migrate()
    expect(await migrateDown(database.db, 0)).toEqual(ALL.toReversed())
    expect(await tableNames(database)).toEqual(['schema_migrations'])
    expect(await database.migrate()).toEqual(ALL)
  })

  test('the status tells applied and waiting ones apart, and writes nothing', async () => {
    const database = await openEmpty(dialect)
    expect(await database.migrationStatus()).toEqual(
      MIGRATIONS.map(({ number, name }) => ({ number, name, appliedAt: undefined, known: true })),
    )
    expect(await tableNames(database)).toEqual([])
    await database.migrate()
    expect(await database.migrationStatus()).toMatchObject(MIGRATIONS.map(({ number }) => ({ number, appliedAt: expect.any(Number) })))
  })

  test('a migration that fails leaves nothing behind, and those before it stay', async () => {
    const database = await openEmpty(dialect)
    const migrations = [smallMigration(1, 'first'), smallMigration(2, 'second', 'bad')]
    await expect(migrate(database.db, { migrations })).rejects.toThrow('a mistake in the migration')
    expect(await tableNames(database)).toEqual(['schema_migrations', 'table1'])
    expect(await migrate(database.db, { migrations: [smallMigration(1, 'first'), smallMigration(2, 'second')] })).toEqual(['0002-second'])
  })

  // The release before must run on the schema of the next one: reliability.md P10.
  test('a database that a newer release has migrated is used as it is, but not taken down', async () => {
    const { db } = await openEmpty(dialect)
    const older = [smallMigration(1, 'first')]
    await migrate(db, { migrations: [...older, smallMigration(2, 'second')] })
    expect(await migrate(db, { migrations: older })).toEqual([])
    expect(await migrationStatus(db, { migrations: older })).toMatchObject([{ known: true }, { name: 'second', known: false }])
    await expect(migrateDown(db, 0, { migrations: older })).rejects.toThrow('a newer release made it')
  })

  test('a database with other migrations is refused', async () => {
    const { db } = await openEmpty(dialect)
    await migrate(db, { migrations: [smallMigration(1, 'of another program')] })
    await expect(migrate(db)).rejects.toThrow('it has "0001-of another program" where "0001-initial" belongs')
  })

  // reliability.md F5
  test('three processes that start at once apply each migration once', async () => {
    const database = await openEmpty(dialect)
    const answers = await Promise.all([migrateInChild(database), migrateInChild(database), migrateInChild(database)])
    expect(answers.flatMap(({ applied }) => applied).toSorted()).toEqual(ALL)
    expect(await database.db.selectFrom('systemSettings').select('id').execute()).toEqual([{ id: 'system' }])
  })

  test('a process that is killed while it migrates leaves nothing half done, and the next one finishes', async () => {
    const reference = await openEmpty(dialect)
    const { statements } = await migrateInChild(reference)
    const whole = await tablesAfterEach(dialect)
    const fatal = [2, Math.round(statements / 3), Math.round((2 * statements) / 3), statements]
    const left: string[][] = []
    for (const statement of fatal) {
      const database = await openEmpty(dialect)
      await expect(migrateInChild(database, statement)).rejects.toMatchObject({ signal: 'SIGKILL' })
      left.push(await tableNames(database))
      await migrateInChild(database)
      expect(await tableNames(database)).toEqual(whole.at(-1))
      expect(await database.db.selectFrom('systemSettings').select('id').execute()).toHaveLength(1)
    }
    for (const tables of left) expect(whole).toContainEqual(tables)
    // The first one died in the first migration; the last one after the commit of the last, while it looked for another one.
    expect([left.at(0), left.at(-1)]).toEqual([whole.at(0), whole.at(-1)])
  })
})

test('migrations are numbered from 1 without gaps', () => {
  expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1))
})
