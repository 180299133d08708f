import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import { type Origin, systemOrigin } from '../../base/http/edge-types.ts'
import type { FailedAttempt } from '../../base/http/error-handler.ts'
import { DIALECTS, type Dialect, openTestDatabase } from '../../testing/dialects.ts'
import { openTestEdge, testActor, testClock, testLog } from '../../testing/test-edge.ts'
import { auditRoutes, createAttemptRecorder, recordAudit } from './index.ts'
import { recordAuditBatch } from './record-audit.ts'

const AUDITOR = testActor('auditor', ['audit:read'])
const READER = testActor('reader', ['providers:read'])
const origin: Origin = { actor: AUDITOR, ip: '192.0.2.7', requestId: 'request-1' }
const attempt: FailedAttempt = { origin, outcome: 'denied', code: 'SCOPE_MISSING', action: 'provider.delete', path: '/api/v1/providers/x' }

const WAIT = { timeout: 10_000, interval: 20 }

// More than two pages.
const EXPORT_ROWS = 1003

async function openAudit(dialect: Dialect) {
  const database = await openTestDatabase(dialect)
  const clock = testClock()
  const log = testLog()
  const edge = openTestEdge((app) => app.register(auditRoutes({ database })), { actors: { auditor: AUDITOR, reader: READER } })
  const list = async (query = '') => {
    const response = await edge.request({ url: `/api/v1/audit?${query}`, headers: { authorization: 'Bearer auditor' } })
    return response.json<{ items: { action: string; details: unknown }[]; total: number }>()
  }
  const recorder = createAttemptRecorder({ database, clock, logger: log.logger })
  return { ...edge, database, clock, log, list, recorder }
}

describe.each(DIALECTS)('audit on %s', (dialect) => {
  test('a record shows who did what, where from and with what outcome', async () => {
    const { database, list } = await openAudit(dialect)
    const at = Date.UTC(2026, 4, 5, 6, 7, 8)
    await recordAudit(database.db, {
      at,
      origin,
      action: 'api_key.create',
      object: 'deploy',
      details: { scopes: ['admin'], token: 'canary', note: 'tfr_canarycanary' },
    })
    expect(await list()).toEqual({
      items: [
        {
          sequence: 1,
          id: expect.any(String),
          at: '2026-05-05T06:07:08.000Z',
          actor: { id: AUDITOR.id, name: 'auditor' },
          action: 'api_key.create',
          object: 'deploy',
          outcome: 'allowed',
          ip: '192.0.2.7',
          request_id: 'request-1',
          details: { scopes: ['admin'], token: '[redacted]', note: '[redacted]' },
          previous_hash: '',
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      ],
      total: 1,
      limit: 50,
      offset: 0,
    })
  })

  test('a record vanishes with the transaction of its change', async () => {
    const { database, list } = await openAudit(dialect)
    const change = database.db.transaction().execute(async (tx) => {
      await recordAudit(tx, { at: 1, origin, action: 'x.y', object: 'z' })
      throw new Error('rolled back')
    })
    await expect(change).rejects.toThrow('rolled back')
    expect((await list()).total).toBe(0)
  })

  test('the newest records come first, page by page', async () => {
    const { database, list } = await openAudit(dialect)
    for (const at of [1, 2, 3, 3]) await recordAudit(database.db, { at, origin: systemOrigin('job'), action: `at.${at}`, object: 'x' })
    const actions = async (query: string) => (await list(query)).items.map(({ action }) => action)
    expect(await actions('limit=3')).toEqual(['at.3', 'at.3', 'at.2'])
    expect(await actions('limit=3&offset=3')).toEqual(['at.1'])
  })

  test('filters narrow the list and its total', async () => {
    const { database, list } = await openAudit(dialect)
    const record = { at: Date.UTC(2026, 0, 1), origin, action: 'api_key.create', object: 'acme/one 100%' }
    const job = { ...systemOrigin('job'), requestId: 'request-2' }
    await recordAudit(database.db, record)
    await recordAudit(database.db, {
      ...record,
      origin: job,
      outcome: 'error',
      object: 'ACME/two',
      at: Date.UTC(2026, 5, 1),
      action: 'job.run',
    })
    const filters = ['actor=job', `actor=${AUDITOR.id}`, 'outcome=error', 'object=e/TWO', 'object=100%25', 'from=2026-03-01T00:00:00Z']
    const others = ['action=api_key.', 'action=job.run&actor=job', 'request_id=request-2', 'to=2026-03-01T00:00:00Z']
    for (const query of [...filters, ...others]) expect((await list(query)).total, query).toBe(1)
    expect((await list('to=2026-03-01T00:00:00Z')).items).toMatchObject([{ object: 'acme/one 100%' }])
    for (const query of ["actor=' or 1=1 --", 'object=acme_two', 'action=api_keys', 'action=key'])
      expect((await list(query)).total, query).toBe(0)
    expect((await list('object=acme')).total).toBe(2)
  })

  test('the export has every matching record, oldest first, one a line', async () => {
    const { database, request } = await openAudit(dialect)
    await recordAuditBatch(
      database.db,
      Array.from({ length: EXPORT_ROWS }, (_, row) => ({ at: row, origin, action: row % 2 === 0 ? 'even' : 'odd', object: `${row}` })),
    )
    const read = async (query: string) => {
      const response = await request({ url: `/api/v1/audit/export?${query}`, headers: { authorization: 'Bearer auditor' } })
      expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
      return response.body
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { sequence: number; hash: string; previous_hash: string })
    }
    const rows = await read('')
    expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: EXPORT_ROWS }, (_, row) => row + 1))
    expect(rows.every(({ previous_hash }, row) => previous_hash === (rows[row - 1]?.hash ?? ''))).toBe(true)
    expect(await read('action=odd')).toHaveLength(Math.floor(EXPORT_ROWS / 2))
    expect(await read('action=none')).toEqual([])
  })

  test('an export from a database that is away is a clear refusal', async () => {
    const { database, request } = await openAudit(dialect)
    await database.ping()
    await database.close()
    const response = await request({ url: '/api/v1/audit/export', headers: { authorization: 'Bearer auditor' } })
    expect(response.statusCode).toBeGreaterThanOrEqual(500)
    expect(response.json()).toMatchObject({ status: response.statusCode })
  })

  // reliability.md row 5.
  test('a query that breaks the schema is refused', async () => {
    const { request } = await openAudit(dialect)
    const queries = ['limit=0', 'limit=-1', 'limit=1000000000', 'limit=NaN', 'limit=1&limit=2', 'offset=-1', 'from=yesterday', 'outcome=x']
    for (const query of queries) {
      const response = await request({ url: `/api/v1/audit?${query}`, headers: { authorization: 'Bearer auditor' } })
      expect(response.statusCode, query).toBe(400)
    }
  })

  test.each(['/api/v1/audit', '/admin/api/audit', '/api/v1/audit/export', '/api/v1/audit/verify'])(
    '%s needs the scope audit:read',
    async (url) => {
      const { request } = await openAudit(dialect)
      const statusFor = async (headers: Record<string, string>) => (await request({ url, headers })).statusCode
      expect(await statusFor({})).toBe(401)
      expect(await statusFor({ authorization: 'Bearer reader' })).toBe(403)
      expect(await statusFor({ authorization: 'Bearer auditor' })).toBe(200)
    },
  )

  test('a denied request is recorded', async () => {
    const { list, recorder } = await openAudit(dialect)
    recorder(attempt)
    await recorder.flush()
    expect((await list('outcome=denied')).items).toMatchObject([
      { action: 'provider.delete', object: '/api/v1/providers/x', details: { code: 'SCOPE_MISSING' } },
    ])
  })

  test('repeated denials are counted, not listed', async () => {
    const { list, recorder, clock } = await openAudit(dialect)
    for (let round = 0; round < 5; round += 1) recorder(attempt)
    clock.advance(60_000)
    recorder(attempt)
    await recorder.flush()
    expect((await list()).items.map(({ details }) => details)).toEqual([{ code: 'SCOPE_MISSING', repeats: 4 }, { code: 'SCOPE_MISSING' }])
  })

  // Good changes wait for the chain's lock, so denials must not hold it once each.
  test('denials that come together are written in one transaction', async () => {
    const { list, recorder, database } = await openAudit(dialect)
    for (let host = 0; host < 30; host += 1) recorder({ ...attempt, origin: { ...origin, ip: `10.0.0.${host}` } })
    await recorder.flush()
    expect((await list()).total).toBe(30)
    const { rows } =
      dialect === 'sqlite' ? { rows: [] } : await sql<{ xmin: string }>`select distinct xmin::text from audit_logs`.execute(database.db)
    expect(rows.length).toBeLessThanOrEqual(2)
  })

  test('denials of a flood are written once a second, the first at once', async () => {
    const { list, recorder } = await openAudit(dialect)
    const denyFrom = (host: number) => recorder({ ...attempt, origin: { ...origin, ip: `10.0.0.${host}` } })
    denyFrom(1)
    await vi.waitFor(async () => expect((await list()).total).toBe(1), WAIT)
    denyFrom(2)
    denyFrom(3)
    expect((await list()).total).toBe(1)
    await vi.waitFor(async () => expect((await list()).total).toBe(3), WAIT)
  })

  // Else whoever has many addresses could fill the database.
  test('a flood of denials from many addresses is cut off and counted', async () => {
    const { list, recorder, clock } = await openAudit(dialect)
    for (let host = 0; host < 310; host += 1) recorder({ ...attempt, origin: { ...origin, ip: `10.0.${host >> 8}.${host & 255}` } })
    clock.advance(60_000)
    recorder(attempt)
    await recorder.flush()
    const { items, total } = await list('limit=1')
    expect([total, items[0]?.details]).toEqual([301, { code: 'SCOPE_MISSING', suppressed: 10 }])
  })

  test('a denial that cannot be written is logged and harms nobody', async () => {
    const { database, recorder, log } = await openAudit(dialect)
    await database.ping()
    await database.close()
    recorder(attempt)
    await recorder.flush()
    expect(log.lines.join('')).toContain('could not be written to the audit')
  })
})
