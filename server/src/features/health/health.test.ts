import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect, openTestDatabase } from '../../testing/dialects.ts'
import { openTestEdge, testClock, testLog } from '../../testing/test-edge.ts'
import { healthRoutes } from './index.ts'

async function openHealth(dialect: Dialect) {
  const database = await openTestDatabase(dialect)
  const clock = testClock()
  const log = testLog()
  const storage = { working: true, checks: 0 }
  const store = {
    async check() {
      storage.checks += 1
      if (!storage.working) throw new Error('canary: disk /mnt/secret is gone')
    },
  }
  const edge = openTestEdge((app, { lifecycle }) => {
    app.register(healthRoutes({ database, clock, logger: log.logger, store, lifecycle }))
  })
  return { ...edge, database, clock, log, storage }
}

describe.each(DIALECTS)('health on %s', (dialect) => {
  test('shows every dependency', async () => {
    const { request } = await openHealth(dialect)
    const response = await request('/health')
    const ok = { status: 'ok' }
    expect([response.statusCode, response.json()]).toEqual([
      200,
      {
        status: 'ok',
        version: '0.0.0-test',
        checks: { database: ok, storage: ok, s3: ok, cache: ok },
        timestamp: '2026-01-02T03:04:05.000Z',
      },
    ])
  })

  test('names a failed storage without telling why', async () => {
    const { request, storage, log } = await openHealth(dialect)
    storage.working = false
    const response = await request('/health')
    expect([response.statusCode, response.json()]).toMatchObject([503, { status: 'failed', checks: { storage: { status: 'failed' } } }])
    expect(response.body).not.toContain('canary')
    expect(log.lines.join('')).toContain('canary')
  })

  test('a database that is away makes the server unready, but not dead', async () => {
    const { request, database } = await openHealth(dialect)
    await database.ping()
    await database.close()
    const statusOf = async (url: string) => (await request(url)).statusCode
    expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/health')]).toEqual([200, 503, 503])
  })

  test('readiness ends when the server begins to stop', async () => {
    const { request, lifecycle } = await openHealth(dialect)
    expect((await request('/readyz')).json()).toEqual({ status: 'ok' })
    lifecycle.markStopping()
    const response = await request('/readyz')
    expect([response.statusCode, response.json()]).toEqual([503, { status: 'stopping' }])
    expect((await request('/livez')).statusCode).toBe(200)
    expect((await request('/health')).json()).toMatchObject({ status: 'stopping', checks: { database: { status: 'ok' } } })
  })

  test('asking often checks once', async () => {
    const { request, storage, clock } = await openHealth(dialect)
    await Promise.all([request('/health'), request('/health')])
    expect(storage.checks).toBe(1)
    clock.advance(15_000)
    await request('/health')
    expect(storage.checks).toBe(2)
  })

  test('no answer is cached', async () => {
    const { request } = await openHealth(dialect)
    for (const url of ['/livez', '/readyz', '/health']) expect((await request(url)).headers['cache-control'], url).toBe('no-store')
  })
})
