import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasRedis, openRedisServer, type RedisServer } from '../../testing/redis-server.ts'
import { openTestEdge, testLog } from '../../testing/test-edge.ts'
import { systemClock } from '../clock.ts'
import { createRedisConnection } from './redis-connection.ts'

const PASSWORD = 'redis-password-canary'
const LIMITS = { protocol: 1000, api: 5, sign_in: 1, token_exchange: 1, upload: 1, wrong_credentials: 2 }
const WAIT = { timeout: 10_000, interval: 20 }

/** A server that shares its limits over Redis. */
function openServer(url: string) {
  const log = testLog()
  const redis = createRedisConnection({ url, clock: systemClock, logger: log.logger })
  onTestFinished(() => redis.close())
  const edge = openTestEdge(
    (app) => {
      app.get('/api/v1/open', { config: { requires: 'public' } }, () => 'open')
      app.get('/api/v1/mine', { config: { requires: 'authenticated' } }, () => 'yours')
    },
    { rateLimits: LIMITS, sharedCounters: redis },
  )
  const ask = async (remoteAddress: string, url = '/api/v1/open') => {
    const headers = url === '/api/v1/mine' ? { authorization: 'Bearer wrong' } : {}
    return (await edge.request({ url, remoteAddress, headers })).statusCode
  }
  const connected = () => vi.waitUntil(async () => (await redis.takeToken('probe', 1_000_000)) === 0, WAIT)
  return { ask, connected, log, redis }
}

async function openTwoServers(redis: RedisServer) {
  const servers = [openServer(redis.url), openServer(redis.url)] as const
  for (const { connected } of servers) await connected()
  return servers
}

async function statusesOf(times: number, ask: (time: number) => Promise<number>): Promise<number[]> {
  const statuses: number[] = []
  for (let time = 0; time < times; time++) statuses.push(await ask(time))
  return statuses
}

describe.skipIf(!hasRedis)('limits shared over Redis (when skipped: apt-get install redis-server)', () => {
  test('two servers share the budget of an address', async () => {
    const [one, two] = await openTwoServers(await openRedisServer(PASSWORD))
    const statuses = await statusesOf(8, (time) => (time % 2 === 0 ? one : two).ask('192.0.2.1'))
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
    expect(await two.ask('192.0.2.2')).toBe(200)
  })

  test('two servers share the budget of wrong credentials', async () => {
    const [one, two] = await openTwoServers(await openRedisServer(PASSWORD))
    await statusesOf(3, () => one.ask('192.0.2.1', '/api/v1/mine'))
    // The first that the other server sees tells it.
    expect(await statusesOf(2, () => two.ask('192.0.2.1', '/api/v1/mine'))).toEqual([401, 429])
  })

  test('buckets hold a minute at once, say how long to wait, and are refilled', async () => {
    const { redis, connected } = openServer((await openRedisServer(PASSWORD)).url)
    await connected()
    // One every ten seconds: the machine may take its time.
    const waits = await Promise.all(Array.from({ length: 7 }, () => redis.takeToken('slow', 6)))
    expect(waits.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0])
    expect(waits[6]).toBeGreaterThan(5)
    expect(waits[6]).toBeLessThanOrEqual(10)
    // Twenty a second.
    const takeFast = () => redis.takeToken('fast', 1200)
    await vi.waitUntil(async () => ((await takeFast()) ?? 0) > 0, { timeout: 10_000, interval: 0 })
    await vi.waitUntil(async () => (await takeFast()) === 0, WAIT)
  })

  test('a Redis that dies is nobody’s outage: every server goes on with a budget of its own, and says so once', async () => {
    const redis = await openRedisServer(PASSWORD)
    const [one, two] = await openTwoServers(redis)
    expect(await statusesOf(6, () => one.ask('192.0.2.1'))).toEqual([200, 200, 200, 200, 200, 429])
    await redis.kill()
    await vi.waitUntil(() => one.log.lines.length > 0 && two.log.lines.length > 0, WAIT)
    expect(await statusesOf(6, () => two.ask('192.0.2.1'))).toEqual([200, 200, 200, 200, 200, 429])
    expect(one.log.lines.filter((line) => line.includes('Redis does not answer'))).toHaveLength(1)
    await redis.restart()
    await Promise.all([one.connected(), two.connected()])
    expect(await statusesOf(3, () => one.ask('192.0.2.3'))).toEqual([200, 200, 200])
    expect(await statusesOf(3, () => two.ask('192.0.2.3'))).toEqual([200, 200, 429])
    expect(one.log.lines.filter((line) => line.includes('Redis answers again'))).toHaveLength(1)
    expect([...one.log.lines, ...two.log.lines].join('')).not.toContain(PASSWORD)
  })

  test('a Redis that hangs costs one short wait, not one for each request', async () => {
    const redis = await openRedisServer(PASSWORD)
    const { ask, connected, log } = openServer(redis.url)
    await connected()
    redis.freeze()
    const startedAt = performance.now()
    // A wait for each would take ten seconds.
    const statuses = await statusesOf(40, () => ask('192.0.2.1'))
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(statuses).toEqual([...Array.from({ length: 5 }, () => 200), ...Array.from({ length: 35 }, () => 429)])
    expect(log.lines.filter((line) => line.includes('Redis does not answer'))).toHaveLength(1)
    redis.thaw()
  })

  test('requests pass while Redis was never there', async () => {
    const redis = await openRedisServer(PASSWORD)
    await redis.kill()
    const { ask } = openServer(redis.url)
    expect(await statusesOf(6, () => ask('192.0.2.1'))).toEqual([200, 200, 200, 200, 200, 429])
  })
})
