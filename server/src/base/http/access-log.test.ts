import { describe, expect, test } from 'vitest'
import { openTestEdge, testActor } from '../../testing/test-edge.ts'
import type { App } from './edge-types.ts'

const API_KEY = 'tfr_0123456789abcdefghijABCDEFGHIJ'

function routes(app: App): void {
  app.get('/v1/providers/:namespace', { config: { requires: 'anyone' } }, () => ({ fine: true }))
  app.get('/livez', { config: { requires: 'public' } }, () => ({ fine: true }))
  app.get('/files/*', { config: { requires: 'public' } }, (request) => ({ key: (request.params as { '*': string })['*'] }))
}

function lineOf(lines: string[]): Record<string, unknown> {
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '')
}

describe('access log', () => {
  // requirements.md OBS-18.
  test('has one line for a request', async () => {
    const { request, log } = openTestEdge(routes, { actors: { good: testActor('mia', []) } })
    await request({ url: '/v1/providers/acme', headers: { authorization: 'Bearer good', 'x-request-id': 'request-7' } })
    expect(lineOf(log.lines)).toEqual({
      time: '2026-01-02T03:04:05.000Z',
      level: 'info',
      request_id: 'request-7',
      method: 'GET',
      path: '/v1/providers/acme',
      status: 200,
      latency_ms: expect.any(Number),
      ip: '127.0.0.1',
      user_id: 'id-of-mia',
      msg: 'Request',
    })
  })

  // reliability.md row 38: signed links are never logged.
  test('leaves out the query', async () => {
    const { request, log } = openTestEdge(routes)
    await request('/v1/providers/acme?expires=1&signature=canary')
    expect(log.lines.join('')).not.toContain('canary')
  })

  test('redacts a secret that was put into the path', async () => {
    const { request, log } = openTestEdge(routes)
    await request(`/v1/providers/${API_KEY}`)
    expect(log.lines.join('')).not.toContain(API_KEY)
  })

  // reliability.md row 31.
  test.each(['%0d%0a%7b%22level%22', '%1b%5b31m', '%22,%22level%22:%22fatal', '\u2028', '"'])(
    'the path part %j stays inside its field',
    async (part) => {
      const { request, log } = openTestEdge(routes)
      await request(`/v1/providers/${part}`)
      expect(lineOf(log.lines)).toMatchObject({ level: 'info' })
      expect(log.lines[0]?.trimEnd()).not.toMatch(/[\r\n]/)
    },
  )

  test('says why a request was refused', async () => {
    const { request, log } = openTestEdge(routes)
    await request({ url: '/v1/providers/acme', headers: { authorization: 'Bearer bad' } })
    expect(lineOf(log.lines)).toMatchObject({ status: 401, code: 'TOKEN_INVALID' })
  })

  test('mentions a successful probe at level debug only', async () => {
    const { request, log } = openTestEdge(routes)
    await request('/livez')
    expect(lineOf(log.lines)).toMatchObject({ level: 'debug', path: '/livez' })
  })

  test('has a line for an address that no route can read', async () => {
    const { request, log } = openTestEdge(routes)
    await request('/v1/%zz?signature=canary')
    expect(lineOf(log.lines)).toMatchObject({ status: 400, path: '/v1/%zz' })
  })

  // Keys of packages are longer than a path parameter may be.
  test('a long path behind a star is no reason to refuse', async () => {
    const { request } = openTestEdge(routes)
    const key = `providers/_self/${'n'.repeat(64)}/${'t'.repeat(64)}/1.0.0/linux_amd64/terraform-provider-${'t'.repeat(64)}_1.0.0_linux_amd64.zip`
    expect((await request(`/files/${key}`)).json()).toEqual({ key })
  })
})
