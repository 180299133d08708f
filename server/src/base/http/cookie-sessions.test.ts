import { describe, expect, test } from 'vitest'
import { openTestEdge, TEST_CSRF_KEY, type TestEdgeOptions, testActor } from '../../testing/test-edge.ts'
import { csrfTokenOf } from './csrf.ts'
import type { Actor, App } from './edge-types.ts'
import { clearSessionCookie, isCookieSession, setSessionCookie } from './session-cookie.ts'

const MIA = testActor('mia', ['things:write'])
const KEY: Actor = { ...MIA, kind: 'api_key', credentialId: 'key-1' }
const EXPIRES_AT = Date.UTC(2026, 0, 2, 11)
const RIGHT = csrfTokenOf(TEST_CSRF_KEY, MIA.credentialId ?? '')
const COOKIE = { cookie: 'theme=dark; terrace_session=mia; x=y' }

function routes(app: App): void {
  const name = (request: { actor: Actor }) => ({ name: request.actor.name })
  app.get('/api/v1/things', { config: { requires: 'authenticated' } }, (request) => ({
    ...name(request),
    by_cookie: isCookieSession(request),
  }))
  app.get('/api/v1/open', { config: { requires: 'anyone' } }, name)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    app.route({ method, url: '/api/v1/things', config: { requires: 'things:write' }, handler: name })
  }
  app.post('/api/v1/form', { config: { requires: 'authenticated', csrfToken: 'form' } }, name)
  app.get('/v1/things', { config: { requires: 'anyone' } }, name)
  app.get('/api/v1/in', { config: { requires: 'public' } }, (_request, reply) => {
    setSessionCookie(reply, { token: 'mia', expiresAt: EXPIRES_AT })
    return {}
  })
  app.get('/api/v1/out', { config: { requires: 'public' } }, (_request, reply) => {
    clearSessionCookie(reply)
    return {}
  })
}

function openEdge(options: TestEdgeOptions = {}) {
  return openTestEdge(routes, { actors: { mia: MIA, key: KEY }, ...options })
}

const change = (headers: Record<string, string>) => ({ method: 'POST', url: '/api/v1/things', headers }) as const

describe('the session cookie', () => {
  test('is out of reach of scripts and of foreign pages, and ends with the session', async () => {
    const { request } = openEdge()
    const expected = 'terrace_session=mia; Path=/; Expires=Fri, 02 Jan 2026 11:00:00 GMT; HttpOnly; SameSite=Lax'
    expect((await request('/api/v1/in')).headers['set-cookie']).toBe(expected)
  })

  test.each<[string, TestEdgeOptions, Record<string, string>]>([
    ['a public address with https', { publicUrl: 'https://registry.example.com' }, {}],
    ['a trusted proxy that says https', { trustedProxies: ['127.0.0.1'] }, { 'x-forwarded-proto': 'https' }],
  ])('is bound to this host and to https by %s', async (_name, options, headers) => {
    const { request } = openEdge(options)
    expect((await request({ url: '/api/v1/in', headers })).headers['set-cookie']).toMatch(
      /^__Host-terrace_session=mia; Path=\/; .*; Secure$/,
    )
    const carried = { ...headers, cookie: '__Host-terrace_session=mia' }
    expect((await request({ url: '/api/v1/things', headers: carried })).statusCode).toBe(200)
  })

  // A neighbouring host can plant the plain name over http.
  test('with the plain name is not read over https', async () => {
    const { request } = openEdge({ publicUrl: 'https://registry.example.com' })
    expect((await request({ url: '/api/v1/things', headers: COOKIE })).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
  })

  test('is not made secure by a proxy that nobody trusts', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/api/v1/in', headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.example' } })
    expect(response.headers['set-cookie']).toMatch(/^terrace_session=/)
  })

  test('can be taken away', async () => {
    const { request } = openEdge()
    const expected = 'terrace_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'
    expect((await request('/api/v1/out')).headers['set-cookie']).toBe(expected)
  })

  test('signs reading requests', async () => {
    const { request } = openEdge()
    expect((await request({ url: '/api/v1/things', headers: COOKIE })).json()).toEqual({ name: 'mia', by_cookie: true })
  })

  test.each(['Bearer wrong', 'Bearer', 'Basic x', ''])('is not tried after the header "%s"', async (authorization) => {
    const { request } = openEdge()
    expect((await request({ url: '/api/v1/things', headers: { ...COOKIE, authorization } })).statusCode).toBe(401)
  })

  test('is not looked at beside a right header', async () => {
    const { request } = openEdge()
    const headers = { cookie: 'terrace_session=wrong', authorization: 'Bearer mia' }
    expect((await request({ url: '/api/v1/things', headers })).json()).toEqual({ name: 'mia', by_cookie: false })
  })

  // Shared caches know `Authorization` only (reliability.md row 13).
  test('means nothing on a protocol route', async () => {
    const { request } = openEdge()
    expect((await request({ url: '/v1/things', headers: COOKIE })).json()).toEqual({ name: 'anonymous' })
  })

  test('that holds no living session is refused and taken away', async () => {
    const { request } = openEdge()
    for (const url of ['/api/v1/things', '/api/v1/open']) {
      const response = await request({ url, headers: { cookie: 'terrace_session=dead' } })
      expect(response.json()).toMatchObject({ status: 401, code: 'TOKEN_INVALID' })
      expect(response.headers['set-cookie']).toMatch(/^terrace_session=; /)
    }
  })

  test('cannot hold an API key', async () => {
    const { request } = openEdge()
    expect((await request({ url: '/api/v1/things', headers: { cookie: 'terrace_session=key' } })).statusCode).toBe(401)
  })

  test.each(['terrace_session=mia; terrace_session=mia', 'terrace_session=x; terrace_session=mia'])('"%s" is refused', async (cookie) => {
    const { request } = openEdge()
    expect((await request({ url: '/api/v1/things', headers: { cookie } })).json()).toMatchObject({ code: 'TOKEN_INVALID' })
  })

  test.each(['terrace_session=', 'xterrace_session=mia', 'terrace_session', 'Terrace_Session=mia', ';;='])(
    '"%s" is none',
    async (cookie) => {
      const { request } = openEdge()
      expect((await request({ url: '/api/v1/things', headers: { cookie } })).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
    },
  )
})

// reliability.md row 34.
describe('a change in the name of a cookie', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('by %s needs the CSRF token of the session', async (method) => {
    const { request } = openEdge()
    const url = '/api/v1/things'
    expect((await request({ method, url, headers: { ...COOKIE, 'x-csrf-token': RIGHT } })).statusCode).toBe(200)
    expect((await request({ method, url, headers: COOKIE })).json()).toMatchObject({ status: 403, code: 'CSRF_FAILED' })
  })

  test.each([
    '',
    'x',
    RIGHT.slice(1),
    `${RIGHT}x`,
    'é'.repeat(RIGHT.length),
    csrfTokenOf(TEST_CSRF_KEY, 'other'),
    csrfTokenOf(TEST_CSRF_KEY, ''),
  ])('is refused with the token "%s"', async (token) => {
    const { request } = openEdge()
    expect((await request(change({ ...COOKIE, 'x-csrf-token': token }))).json()).toMatchObject({ code: 'CSRF_FAILED' })
  })

  test.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { origin: 'http://localhost:80.evil.example' },
    { origin: 'null' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    { origin: 'http://localhost:80', 'x-forwarded-host': 'evil.example', 'sec-fetch-site': 'cross-site' },
  ])('is refused from a page that says %j, with the right token too', async (headers) => {
    const { request } = openEdge()
    expect((await request(change({ ...COOKIE, 'x-csrf-token': RIGHT, ...headers }))).json()).toMatchObject({ code: 'CSRF_FAILED' })
  })

  test.each<Record<string, string>>([
    { origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://localhost:80' },
    { 'sec-fetch-site': 'none' },
  ])('is accepted from our own page, which says %j', async (headers) => {
    const { request } = openEdge()
    expect((await request(change({ ...COOKIE, 'x-csrf-token': RIGHT, ...headers }))).statusCode).toBe(200)
  })

  test('is accepted from the public address, whatever the proxy in front calls us', async () => {
    const { request } = openEdge({ publicUrl: 'https://registry.example.com' })
    const headers = {
      cookie: '__Host-terrace_session=mia',
      'x-csrf-token': RIGHT,
      origin: 'https://registry.example.com',
      host: 'terrace:8080',
    }
    expect((await request(change(headers))).statusCode).toBe(200)
  })

  test('goes into the audit as denied, with who it would have been', async () => {
    const { request, failedAttempts } = openEdge()
    await request(change(COOKIE))
    expect(failedAttempts).toMatchObject([{ outcome: 'denied', code: 'CSRF_FAILED', origin: { actor: { name: 'mia' } } }])
  })

  test('is not asked of a bearer token', async () => {
    const { request } = openEdge()
    expect((await request(change({ authorization: 'Bearer mia', origin: 'https://evil.example' }))).statusCode).toBe(200)
  })

  test('by a form has the token in its field', async () => {
    const { request } = openEdge()
    const form = { method: 'POST', url: '/api/v1/form', headers: COOKIE } as const
    expect((await request({ ...form, payload: { csrf_token: RIGHT } })).statusCode).toBe(200)
    for (const payload of [{}, { csrf_token: 'x' }, { csrf_token: [RIGHT] }, undefined]) {
      const response = await request({ ...form, headers: { ...COOKIE, 'x-csrf-token': RIGHT }, ...(payload && { payload }) })
      expect(response.json()).toMatchObject({ code: 'CSRF_FAILED' })
    }
    const foreign = { ...form, headers: { ...COOKIE, origin: 'https://evil.example' }, payload: { csrf_token: RIGHT } }
    expect((await request(foreign)).json()).toMatchObject({ code: 'CSRF_FAILED' })
  })
})
