import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { DIALECTS, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { bumpCatalogRevision, readCatalogRevision } from './catalog-revision.ts'
import { decodeJson, encodeJson } from './columns.ts'
import { isUniqueViolation } from './database-errors.ts'
import { databaseNow } from './database-time.ts'
import { openDatabase } from './open-database.ts'

const CHILD = fileURLToPath(new URL('./write.fault-child.ts', import.meta.url))

function user(name: string) {
  return { id: name, username: name, passwordHash: null, scopes: encodeJson(['admin']), createdAt: 1_795_000_000_000, disabledAt: null }
}

function startChild(database: TestDatabase, mode: 'loop' | 'hold') {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(database.options), mode])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return { child, lines: () => output.split('\n').slice(0, -1) }
}

describe.each(DIALECTS)('a database on %s', (dialect) => {
  test('a fresh database has the settings row at catalog revision 0', async () => {
    const { db } = await openTestDatabase(dialect)
    expect(await readCatalogRevision(db)).toBe(0)
  })

  test('a bump of the catalog revision is seen after its commit and not after a rollback', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.transaction().execute((tx) => bumpCatalogRevision(tx))
    const failing = db.transaction().execute(async (tx) => {
      await bumpCatalogRevision(tx)
      expect(await readCatalogRevision(tx)).toBe(2)
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await readCatalogRevision(db)).toBe(1)
  })

  test('the time of the database is Unix milliseconds', async () => {
    const { db } = await openTestDatabase(dialect)
    const before = Date.now()
    const now = await databaseNow(db)
    // Both clocks are this machine's; PostgreSQL cuts microseconds off, so it may read the millisecond before.
    expect(now).toBeGreaterThanOrEqual(before - 1)
    expect(now).toBeLessThanOrEqual(Date.now() + 1)
  })

  test('numbers, bytes and JSON come back as they were given', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.insertInto('users').values(user('ada')).execute()
    const row = await db.selectFrom('users').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject(user('ada'))
    expect(decodeJson<string[]>(row.scopes)).toEqual(['admin'])
    const bytes = new Uint8Array([0, 1, 127, 128, 255])
    const read = await db
      .selectNoFrom(sql<Uint8Array>`${bytes}${dialect === 'postgresql' ? sql`::bytea` : sql``}`.as('bytes'))
      .executeTakeFirstOrThrow()
    expect(read.bytes).toEqual(bytes)
  })

  // An ICU collation would put `net_work` before `net-work`, and `Network` last.
  test('text is ordered by its bytes', async () => {
    const { db } = await openTestDatabase(dialect)
    const names = ['Network', 'net-work', 'net_work', 'network', 'öl']
    await db.insertInto('users').values(names.toReversed().map(user)).execute()
    const rows = await db.selectFrom('users').select('username').orderBy('username').execute()
    expect(rows.map(({ username }) => username)).toEqual(names)
  })

  test('a row of a wrong type or without a required value is refused', async () => {
    const { db } = await openTestDatabase(dialect)
    await expect(
      db
        .insertInto('users')
        .values({ ...user('ada'), createdAt: 'today' as unknown as number })
        .execute(),
    ).rejects.toThrow()
    await expect(
      db
        .insertInto('users')
        .values({ ...user('ada'), scopes: null as unknown as string })
        .execute(),
    ).rejects.toThrow()
    await expect(
      sql`insert into sessions (id, user_id, created_at, expires_at, ip, user_agent) values ('s', 'nobody', 1, 2, '', '')`.execute(db),
    ).rejects.toThrow(/foreign key/i)
  })

  test('a second row with the same unique key is told apart from other failures', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.insertInto('users').values(user('ada')).execute()
    const failure = await db
      .insertInto('users')
      .values({ ...user('ada'), id: 'other' })
      .execute()
      .catch((error: unknown) => error)
    expect(isUniqueViolation(failure)).toBe(true)
    expect(isUniqueViolation(await sql`select nonsense`.execute(db).catch((error: unknown) => error))).toBe(false)
  })

  test('what belongs to a row goes with it', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.insertInto('users').values(user('ada')).execute()
    const session = { id: 's', userId: 'ada', createdAt: 1, expiresAt: 2, revokedAt: null, ip: '', userAgent: '' }
    await db.insertInto('sessions').values(session).execute()
    await db.deleteFrom('users').where('id', '=', 'ada').execute()
    expect(await db.selectFrom('sessions').select('id').execute()).toEqual([])
  })

  test('a reader outside a transaction sees the last commit, and does not wait for the one that writes', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.transaction().execute(async (tx) => {
      await tx.insertInto('users').values(user('ada')).execute()
      expect(await db.selectFrom('users').select('id').execute()).toEqual([])
    })
    expect(await db.selectFrom('users').select('id').execute()).toEqual([{ id: 'ada' }])
  })

  test('transactions that read and then write the same row lose no update', async () => {
    const { db } = await openTestDatabase(dialect)
    await Promise.all(Array.from({ length: 20 }, () => db.transaction().execute((tx) => bumpCatalogRevision(tx))))
    expect(await readCatalogRevision(db)).toBe(20)
  })

  test('a write waits for another process that writes, without stopping this one', async () => {
    const database = await openTestDatabase(dialect)
    const { child, lines } = startChild(database, 'hold')
    await vi.waitFor(() => expect(lines()).toContain('held'), 20_000)
    const exited = once(child, 'exit')
    let ticks = 0
    const ticker = setInterval(() => {
      ticks += 1
      if (ticks === 20) child.stdin.end()
    }, 5)
    await bumpCatalogRevision(database.db)
    clearInterval(ticker)
    expect(ticks).toBeGreaterThanOrEqual(20)
    await exited
    expect(await readCatalogRevision(database.db)).toBe(2)
  })

  // reliability.md P2, as far as a killed process goes
  test('every acknowledged write of a killed process is there', async () => {
    const database = await openTestDatabase(dialect)
    const { child, lines } = startChild(database, 'loop')
    await vi.waitFor(() => expect(lines().length).toBeGreaterThan(50), 20_000)
    child.kill('SIGKILL')
    await once(child, 'close')
    const acknowledged = lines()
    const kept = new Set((await database.db.selectFrom('users').select('id').execute()).map(({ id }) => id))
    expect(acknowledged.filter((name) => !kept.has(name))).toEqual([])
  })

  test('a ping is answered, and after the close it is not', async () => {
    const database = await openTestDatabase(dialect)
    await database.ping()
    await database.close()
    await expect(database.ping()).rejects.toThrow()
  })
})

test('a database needs a place', () => {
  expect(() => openDatabase({ url: '', path: '', maxConnections: 1, minIdleConnections: 0 })).toThrow('needs a url or a path')
})
