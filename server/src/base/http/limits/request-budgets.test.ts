import { describe, expect, test } from 'vitest'
import { openTestEdge, testActor } from '../../../testing/test-edge.ts'
import type { Actor } from '../edge-types.ts'

const ADDRESS = '192.0.2.1'
const LIMITS = { protocol: 100, api: 5, sign_in: 1, token_exchange: 1, upload: 1, wrong_credentials: 2 }

/** An edge whose valid tokens a test may change; tells how often somebody looked for one. */
function openEdge(limits: Partial<typeof LIMITS> = {}) {
  const actors = new Map<string, Actor>([
    ['good', testActor('reader', [])],
    ['other', testActor('other', [])],
  ])
  const looked: string[] = []
  const edge = openTestEdge(
    (app) => {
      app.get('/api/v1/mine', { config: { requires: 'authenticated' } }, () => 'yours')
      app.get('/api/v1/open', { config: { requires: 'public' } }, () => 'open')
    },
    {
      rateLimits: { ...LIMITS, ...limits },
      authenticate: (token) => {
        looked.push(token)
        return actors.get(token)
      },
    },
  )
  const ask = async (token: string, remoteAddress = ADDRESS) => {
    const { statusCode } = await edge.request({ url: '/api/v1/mine', headers: { authorization: `Bearer ${token}` }, remoteAddress })
    return statusCode
  }
  const askOften = async (times: number, ask: (time: number) => Promise<number>) => {
    const statuses: number[] = []
    for (let time = 0; time < times; time++) statuses.push(await ask(time))
    return statuses
  }
  return { ...edge, actors, looked, ask, askOften }
}

describe('budgets of requests', () => {
  test('a credential is bound however many addresses it comes from', async () => {
    const { ask, askOften } = openEdge()
    expect(await askOften(7, (time) => ask('good', `192.0.2.${time}`))).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect(await ask('other', '192.0.2.1')).toBe(200)
  })

  test('the refusal tells the limit, the source and how long to wait', async () => {
    const { request } = openEdge({ api: 1 })
    await request('/api/v1/open')
    const response = await request('/api/v1/open')
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '60'])
    expect(response.json()).toMatchObject({
      code: 'RATE_LIMITED',
      detail: 'Cannot answer the request: too many requests came from this address',
      hint: '1 a minute are allowed; try again in 60 s, or ask the administrator to raise the limit',
    })
  })

  test('nobody takes anything from a working credential behind the same address', async () => {
    const { ask, askOften, request } = openEdge()
    expect(await ask('good')).toBe(200)
    for (let time = 0; time < 10; time++) await request({ url: '/api/v1/open', remoteAddress: ADDRESS })
    expect((await request({ url: '/api/v1/open', remoteAddress: ADDRESS })).statusCode).toBe(429)
    expect(await askOften(5, () => ask('good'))).toEqual([200, 200, 200, 200, 429])
  })

  test('an address that tried too many wrong credentials is refused before anybody looks at the next', async () => {
    const { ask, askOften, looked } = openEdge()
    expect(await askOften(5, (time) => ask(`wrong${time}`))).toEqual([401, 401, 401, 429, 429])
    expect(looked).toEqual(['wrong0', 'wrong1', 'wrong2'])
  })

  test('a credential that was right before goes on while others guess from its address', async () => {
    const { ask, askOften } = openEdge({ api: 100 })
    await ask('good')
    await askOften(20, (time) => ask(`wrong${time}`))
    expect([await ask('good'), await ask('other'), await ask('other', '192.0.2.9')]).toEqual([200, 429, 200])
  })

  test('a guess is possible again when the budget is refilled', async () => {
    const { ask, askOften, clock } = openEdge({ api: 100 })
    await askOften(20, (time) => ask(`wrong${time}`))
    clock.advance(30_000)
    expect(await ask('other')).toBe(200)
  })

  test('requests without a credential are no guesses', async () => {
    const { ask, askOften, request } = openEdge({ api: 100 })
    await askOften(20, (time) => ask(`wrong${time}`))
    expect((await request({ url: '/api/v1/open', remoteAddress: ADDRESS })).statusCode).toBe(200)
    expect((await request({ url: '/api/v1/mine', remoteAddress: ADDRESS })).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
  })

  test('a credential that was revoked loses its place at once', async () => {
    const { ask, askOften, actors } = openEdge({ api: 100 })
    await ask('good')
    actors.delete('good')
    expect(await askOften(5, () => ask('good'))).toEqual([401, 401, 401, 429, 429])
  })
})
