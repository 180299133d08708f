import { createSecretKey } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { dialectOf } from '../../../base/database/dialect.ts'
import { migrate } from '../../../base/database/migrate.ts'
import { MIGRATIONS } from '../../../base/database/migrations/migrations.ts'
import type { Database } from '../../../base/database/open-database.ts'
import { systemOrigin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { DIALECTS, type Dialect, openTestDatabase } from '../../../testing/dialects.ts'
import { openTestEdge, testActor } from '../../../testing/test-edge.ts'
import { auditRoutes, recordAudit, useAuditKey } from '../index.ts'
import { recordAuditBatch } from '../record-audit.ts'
import { findLastRow, readChainHead } from './chain-queries.ts'
import { rowHash } from './row-hash.ts'
import { verifyChain } from './verify-chain.ts'

const entry = (object: string) => ({ at: 5, origin: systemOrigin('test'), action: 'x.y', object })
const WHOLE_PAGES = 1001

async function openChain(dialect: Dialect, rows = 5) {
  const database = await openTestDatabase(dialect)
  for (let row = 1; row <= rows; row += 1) await recordAudit(database.db, entry(`row ${row}`))
  return { database, db: database.db }
}

/** What somebody does who has the database and nothing else. */
async function tamper({ db }: Pick<Database, 'db'>, ...statements: RawBuilder<unknown>[]): Promise<void> {
  const { appendOnly } = dialectOf(db)
  for (const statement of appendOnly.drop({ table: 'audit_logs', uniqueColumns: [] })) await statement.execute(db)
  for (const statement of statements) await statement.execute(db)
}

function insertForged(sequence: number): RawBuilder<unknown> {
  return sql`insert into audit_logs (id, at, actor_name, action, object, outcome, details, sequence, previous_hash, hash)
    select ${newId()}, at, actor_name, action, object, outcome, details, ${sql.lit(sequence)}, previous_hash, hash
    from audit_logs where sequence = 2`
}

const moveUp = (from: number, by: number) => [
  sql`update audit_logs set sequence = -sequence where sequence >= ${sql.lit(from)}`,
  sql`update audit_logs set sequence = ${sql.lit(by)} - sequence where sequence < 0`,
]
const setHead = (sequence: number) => sql`update system_settings set audit_sequence = ${sql.lit(sequence)},
    audit_head_hash = (select hash from audit_logs where sequence = ${sql.lit(sequence)})`

const TAMPERING: readonly [string, readonly RawBuilder<unknown>[], object][] = [
  ['a changed field', [sql`update audit_logs set object = 'harmless' where sequence = 3`], { sequence: 3, kind: 'changed' }],
  ['a field that was emptied', [sql`update audit_logs set ip = '' where sequence = 3`], { sequence: 3, kind: 'changed' }],
  ['a changed hash', [sql`update audit_logs set hash = previous_hash where sequence = 3`], { sequence: 3, kind: 'changed' }],
  ['a changed last row', [sql`update audit_logs set action = 'z' where sequence = 5`], { sequence: 5, kind: 'changed' }],
  ['a removed row', [sql`delete from audit_logs where sequence = 3`], { sequence: 3, id: null, kind: 'removed' }],
  ['a removed first row', [sql`delete from audit_logs where sequence = 1`], { sequence: 1, id: null, kind: 'removed' }],
  [
    'a removed row whose gap was closed',
    [sql`delete from audit_logs where sequence = 3`, ...moveUp(4, -1), setHead(4)],
    { sequence: 3, id: null, kind: 'removed' },
  ],
  ['an inserted row behind the last', [insertForged(6)], { sequence: 6, kind: 'inserted' }],
  ['an inserted row that the others made room for', [...moveUp(3, 1), insertForged(3), setHead(6)], { sequence: 3, kind: 'inserted' }],
  [
    'an inserted row without a place',
    [sql`insert into audit_logs (id, at, actor_name, action, object, outcome, details) values ('x', 1, 'a', 'a', 'a', 'denied', '{}')`],
    { sequence: null, kind: 'inserted' },
  ],
  [
    'rows in another order',
    [
      sql`update audit_logs set sequence = -3 where sequence = 3`,
      sql`update audit_logs set sequence = 3 where sequence = 4`,
      sql`update audit_logs set sequence = 4 where sequence = -3`,
    ],
    { sequence: 3, kind: 'reordered' },
  ],
  ['a removed tail', [sql`delete from audit_logs where sequence > 3`], { sequence: 4, id: null, kind: 'truncated' }],
  ['a removed tail with the head moved', [sql`delete from audit_logs where sequence > 3`, setHead(3)], { sequence: 4, kind: 'truncated' }],
  ['everything removed', [sql`delete from audit_logs`], { sequence: 1, id: null, kind: 'truncated' }],
]

/** Turns of the event loop that others get while the work goes on. */
async function countTurns<Result>(work: () => Promise<Result>): Promise<{ turns: number; result: Result }> {
  let turns = 0
  let running = true
  const count = () => {
    turns += 1
    if (running) setImmediate(count)
  }
  setImmediate(count)
  const result = await work()
  running = false
  return { turns, result }
}

describe.each(DIALECTS)('the audit chain on %s', (dialect) => {
  test('records are numbered without gaps, and the chain is whole', async () => {
    const { db } = await openChain(dialect, 0)
    expect(await verifyChain(db)).toEqual({ checked: 0, problem: undefined })
    const failing = db.transaction().execute(async (tx) => {
      await recordAudit(tx, entry('rolled back'))
      throw new Error('undone')
    })
    await expect(failing).rejects.toThrow('undone')
    await Promise.all(Array.from({ length: 20 }, (_, row) => recordAudit(db, entry(`row ${row}`))))
    expect(await verifyChain(db)).toEqual({ checked: 20, problem: undefined })
    const rows = await db.selectFrom('auditLogs').select('sequence').orderBy('sequence').execute()
    expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, row) => row + 1))
  })

  test.each(TAMPERING)('%s is found and named, also after the server has gone on', async (_what, statements, problem) => {
    const { database, db } = await openChain(dialect)
    await tamper(database, ...statements)
    expect(await verifyChain(db)).toMatchObject({ problem })
    await recordAudit(db, entry('afterwards'))
    expect((await verifyChain(db)).problem).toBeDefined()
  })

  test('who goes on after a removed tail says so in the chain', async () => {
    const { database, db } = await openChain(dialect)
    await tamper(database, sql`delete from audit_logs where sequence > 3`, setHead(3))
    await recordAudit(db, entry('afterwards'))
    const rows = await db.selectFrom('auditLogs').select(['sequence', 'action', 'outcome']).orderBy('sequence').execute()
    expect(rows.slice(3)).toEqual([
      { sequence: 4, action: 'audit.break', outcome: 'error' },
      { sequence: 5, action: 'x.y', outcome: 'allowed' },
    ])
    expect(await verifyChain(db)).toMatchObject({ problem: { sequence: 4, kind: 'truncated' } })
  })

  test('an older end that is put back is found', async () => {
    const { database, db } = await openChain(dialect, 3)
    const { sequence, hash, seal } = await readChainHead(db)
    await recordAudit(db, entry('unwanted'))
    await tamper(
      database,
      sql`update system_settings set audit_sequence = ${sequence}, audit_head_hash = ${hash}, audit_head_seal = ${seal}`,
    )
    expect(await verifyChain(db)).toMatchObject({ checked: 3, problem: { sequence: 4, kind: 'inserted' } })
    await recordAudit(db, entry('afterwards'))
    expect(await verifyChain(db)).toMatchObject({ problem: { sequence: 5, kind: 'inserted', detail: expect.stringContaining('head 3') } })
  })

  test('a row made under another key is found', async () => {
    const { db } = await openChain(dialect, 2)
    useAuditKey(db, new Uint8Array(32).fill(9))
    await recordAudit(db, entry('forged'))
    useAuditKey(db, new Uint8Array(32).fill(7))
    expect(await verifyChain(db)).toMatchObject({ problem: { sequence: 3, kind: 'changed' } })
  })

  test('a chain of several pages is read to its end', async () => {
    const { database, db } = await openChain(dialect, 0)
    await recordAuditBatch(
      db,
      Array.from({ length: WHOLE_PAGES }, (_, row) => entry(`row ${row}`)),
    )
    const { turns, result } = await countTurns(() => verifyChain(db))
    expect(result).toEqual({ checked: WHOLE_PAGES, problem: undefined })
    // Others get their turn in between.
    expect(turns).toBeGreaterThanOrEqual(5)
    await tamper(database, sql`update audit_logs set object = 'x' where sequence = 1001`)
    expect(await verifyChain(db)).toMatchObject({ checked: WHOLE_PAGES, problem: { sequence: 1001 } })
  })

  test('a chain that begins with rows from before counts them', async () => {
    const database = await openTestDatabase(dialect, { migrated: false })
    const { db } = database
    await migrate(db, { migrations: MIGRATIONS.slice(0, 4) })
    await sql`insert into audit_logs (id, at, actor_name, action, object, outcome, details) values ('x', 1, 'a', 'a', 'a', 'denied', '{}')`.execute(
      db,
    )
    await migrate(db)
    expect(await verifyChain(db)).toEqual({ checked: 0, problem: undefined })
    await recordAudit(db, entry('first'))
    expect(await verifyChain(db)).toEqual({ checked: 2, problem: undefined })
    await tamper(database, sql`delete from audit_logs where sequence is null`)
    expect(await verifyChain(db)).toMatchObject({ problem: { kind: 'removed', detail: expect.stringContaining('there were 1') } })
  })

  test.each([
    ['update', sql`update audit_logs set object = 'x'`],
    ['delete', sql`delete from audit_logs`],
    ['replace', dialect === 'sqlite' ? sql`insert or replace into audit_logs select * from audit_logs` : sql`truncate audit_logs`],
  ])('the database refuses to %s', async (_what, statement) => {
    const { db } = await openChain(dialect, 1)
    await expect(statement.execute(db)).rejects.toThrow('audit_logs is append-only')
    expect(await verifyChain(db)).toEqual({ checked: 1, problem: undefined })
  })

  test('the route tells a whole chain from a broken one', async () => {
    const { database } = await openChain(dialect, 3)
    const actors = { auditor: testActor('auditor', ['audit:read']), reader: testActor('reader', ['providers:read']) }
    const { request } = openTestEdge((app) => app.register(auditRoutes({ database })), { actors })
    const verify = (token: string) => request({ url: '/api/v1/audit/verify', headers: { authorization: `Bearer ${token}` } })
    expect((await verify('reader')).statusCode).toBe(403)
    expect((await verify('auditor')).json()).toEqual({ checked: 3, ok: true })
    const { id } = await database.db.selectFrom('auditLogs').select('id').where('sequence', '=', 2).executeTakeFirstOrThrow()
    await tamper(database, sql`update audit_logs set outcome = 'denied' where sequence = 2`)
    const first_problem = { sequence: 2, id, kind: 'changed', detail: 'The row is not as it was written' }
    expect((await verify('auditor')).json()).toEqual({ checked: 2, ok: false, first_problem })
  })
})

test('every field of a record is part of its hash, and no field can take over the text of its neighbour', async () => {
  const { db } = await openChain('sqlite', 1)
  const row = await findLastRow(db)
  if (row === undefined) throw new Error('There is no row')
  const key = createSecretKey(new Uint8Array(32).fill(7))
  expect(rowHash(key, row)).toBe(row.hash)
  const changed = Object.keys(row).map((name) => rowHash(key, { ...row, [name]: `${row[name as keyof typeof row]}!` }))
  expect(changed.filter((hash) => hash === row.hash)).toHaveLength(1)
  expect(rowHash(key, { ...row, action: 'ab', object: 'c' })).not.toBe(rowHash(key, { ...row, action: 'a', object: 'bc' }))
})
