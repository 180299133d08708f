import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CamelCasePlugin, Kysely, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTestDatabase } from '../../testing/dialects.ts'
import { bumpCatalogRevision, readCatalogRevision } from './catalog-revision.ts'
import { FlaggedSqliteAdapter } from './dialect.ts'
import { openDatabase } from './open-database.ts'
import type { Schema } from './schema.ts'
import { SqliteDriver } from './sqlite-driver.ts'

function user(name: string, scopes = '[]') {
  return { id: name, username: name, passwordHash: null, scopes, createdAt: 0, disabledAt: null }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** As the product opens it, but it does not wait long for locks. */
function openImpatient(path = ''): Kysely<Schema> {
  const dialect = {
    createDriver: () => new SqliteDriver(path, { lockTimeoutMs: 20, busyTimeoutMs: 20 }),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new FlaggedSqliteAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  }
  const db = new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin()] })
  onTestFinished(() => db.destroy())
  return db
}

describe('a SQLite database', () => {
  test('keeps acknowledged commits over a power cut, and foreign keys', async () => {
    const { db } = await openTestDatabase('sqlite')
    const setting = async (name: string) =>
      Object.values((await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db)).rows[0] ?? {})[0]
    expect(await setting('journal_mode')).toBe('wal')
    expect(await setting('synchronous')).toBe(2)
    expect(await setting('foreign_keys')).toBe(1)
  })

  test('is made with its folder, closed to others', async () => {
    const path = join(temporaryFolder(), 'data', 'terrace.db')
    const database = openDatabase({ path, maxConnections: 1, minIdleConnections: 0 })
    await database.migrate()
    expect(statSync(path).mode & 0o007).toBe(0)
    expect(statSync(`${path}-wal`).mode & 0o007).toBe(0)
    expect(statSync(join(path, '..')).mode & 0o007).toBe(0)
    await database.close()
  })

  test('that cannot be opened is unavailable, and is opened as soon as it can be', async () => {
    const path = join(temporaryFolder(), 'terrace.db')
    mkdirSync(path)
    const database = openDatabase({ path, maxConnections: 1, minIdleConnections: 0 })
    await expect(database.ping()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'unreachable' } })
    rmSync(path, { recursive: true })
    await database.ping()
    await database.close()
  })

  // reliability.md F7
  test('on a full volume refuses the write, keeps what it has, and goes on when there is room', async () => {
    const { db } = await openTestDatabase('sqlite')
    await db.insertInto('users').values(user('before')).execute()
    await sql`pragma max_page_count = 1`.execute(db)
    const failing = db.transaction().execute(async (tx) => {
      for (let count = 0; count < 100; count += 1)
        await tx
          .insertInto('users')
          .values(user(`user ${count}`, 'x'.repeat(10_000)))
          .execute()
    })
    await expect(failing).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await db.selectFrom('users').select('id').execute()).toEqual([{ id: 'before' }])
    await sql`pragma max_page_count = 1000000`.execute(db)
    await db
      .insertInto('users')
      .values(user('after', 'x'.repeat(10_000)))
      .execute()
    expect(await db.selectFrom('users').select('id').orderBy('id').execute()).toEqual([{ id: 'after' }, { id: 'before' }])
  })

  // Otherwise it would wait for itself for ever.
  test('a write beside the open transaction of the same task is refused after a while, and others go on', async () => {
    const { options } = await openTestDatabase('sqlite')
    const db = openImpatient(options.path)
    const failing = db.transaction().execute(() => bumpCatalogRevision(db))
    await expect(failing).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'busy' } })
    await bumpCatalogRevision(db)
  })

  test('the lock of another process that lasts too long is reported, and nothing is written', async () => {
    const { db, options } = await openTestDatabase('sqlite')
    const other = openImpatient(options.path)
    await db.transaction().execute(async (tx) => {
      await bumpCatalogRevision(tx)
      await expect(bumpCatalogRevision(other)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'busy' } })
    })
    expect(await readCatalogRevision(other)).toBe(1)
  })

  test('a close waits for the transaction that is open', async () => {
    const database = await openTestDatabase('sqlite')
    const { promise: closing, resolve } = Promise.withResolvers<void>()
    const writing = database.db.transaction().execute(async (tx) => {
      await bumpCatalogRevision(tx)
      resolve()
      await Promise.resolve()
      await bumpCatalogRevision(tx)
    })
    await closing
    await Promise.all([writing, database.close()])
  })
})
