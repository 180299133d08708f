import { describe, expect, test } from 'vitest'
import { openTestEdge, type TestEdgeOptions, testActor } from '../../../testing/test-edge.ts'

const PORTAL = 'https://portal.example.com'
const PREFLIGHT = { origin: PORTAL, 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'authorization' }

function openEdge(options: TestEdgeOptions = {}) {
  return openTestEdge(
    (app) => {
      app.get('/api/v1/mine', { config: { requires: 'authenticated' } }, () => 'yours')
      app.get('/v1/open', { config: { requires: 'public' } }, () => 'open')
    },
    { actors: { good: testActor('reader', []) }, allowedOrigins: [PORTAL, 'https://other.example.com'], ...options },
  )
}

function corsHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))
}

describe('requests from pages of other addresses', () => {
  test('a listed origin may read answers, refusals too, with its credentials', async () => {
    const { request } = openEdge()
    const expected = {
      'access-control-allow-origin': PORTAL,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'retry-after, www-authenticate, x-request-id',
    }
    for (const [url, authorization, status] of [
      ['/api/v1/mine', 'Bearer good', 200],
      ['/api/v1/mine', 'Bearer wrong', 401],
      ['/api/v1/nowhere', '', 404],
    ] as const) {
      const response = await request({ url, headers: { origin: PORTAL, authorization } })
      expect([response.statusCode, corsHeaders(response.headers)]).toEqual([status, expected])
      expect(response.headers.vary).toBe('origin')
    }
  })

  test.each([
    'https://evil.example',
    'null',
    '*',
    `${PORTAL}.evil.example`,
    'https://evil-portal.example.com',
    `${PORTAL}:8443`,
    'http://portal.example.com',
    'HTTPS://PORTAL.EXAMPLE.COM',
    `${PORTAL}, https://evil.example`,
    '__proto__',
    '',
  ])('the origin %j is not listed and gets no header', async (origin) => {
    const { request } = openEdge()
    const response = await request({ url: '/api/v1/mine', headers: { origin, authorization: 'Bearer good' } })
    expect([response.statusCode, corsHeaders(response.headers)]).toEqual([200, {}])
    const preflight = await request({ method: 'OPTIONS', url: '/api/v1/mine', headers: { ...PREFLIGHT, origin } })
    expect([preflight.statusCode, corsHeaders(preflight.headers)]).toEqual([404, {}])
  })

  // Else it would tell which addresses there are, to somebody without a credential.
  test('a preflight is answered before authentication and alike for every address of the API', async () => {
    const { request } = openEdge()
    const answers = await Promise.all(
      ['/api/v1/mine', '/api/v1/nowhere', '/api/'].map(async (url) => {
        const { statusCode, headers, body } = await request({ method: 'OPTIONS', url, headers: PREFLIGHT })
        return { statusCode, headers: { ...headers, date: '', 'x-request-id': '' }, body }
      }),
    )
    expect(answers[0]).toMatchObject({
      statusCode: 204,
      body: '',
      headers: {
        'access-control-allow-origin': PORTAL,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'authorization, content-type, x-csrf-token, x-request-id',
        'access-control-max-age': '600',
        'x-frame-options': 'DENY',
      },
    })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  test('preflights are limited like other requests', async () => {
    const { request } = openEdge({ rateLimits: { protocol: 1, api: 1, sign_in: 1, token_exchange: 1, upload: 1, wrong_credentials: 1 } })
    const preflight = async () => (await request({ method: 'OPTIONS', url: '/api/v1/mine', headers: PREFLIGHT })).statusCode
    expect([await preflight(), await preflight()]).toEqual([204, 429])
  })

  test('the protocols know nothing of it', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/v1/open', headers: { origin: PORTAL } })
    expect([response.statusCode, corsHeaders(response.headers), response.headers.vary]).toEqual([200, {}, undefined])
    expect((await request({ method: 'OPTIONS', url: '/v1/open', headers: PREFLIGHT })).statusCode).toBe(404)
  })

  test('without a list there is nothing at all', async () => {
    const { request } = openEdge({ allowedOrigins: [] })
    const response = await request({ url: '/api/v1/mine', headers: { origin: PORTAL, authorization: 'Bearer good' } })
    expect([response.statusCode, corsHeaders(response.headers), response.headers.vary]).toEqual([200, {}, undefined])
    expect((await request({ method: 'OPTIONS', url: '/api/v1/mine', headers: PREFLIGHT })).statusCode).toBe(404)
  })
})
