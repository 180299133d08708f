import { describe, expect, test } from 'vitest'
import { openTestEdge, type TestEdgeOptions, testActor } from '../../testing/test-edge.ts'
import { RegistryError } from '../errors.ts'
import type { App } from './edge-types.ts'

const ACTORS = { reader: testActor('reader', ['providers:read']), boss: testActor('boss', ['admin']) }
const LIMITS = { protocol: 100, api: 1, sign_in: 1, token_exchange: 1, upload: 1, wrong_credentials: 2 }

function routes(app: App): void {
  app.get('/api/v1/secret', { config: { requires: 'providers:write', action: 'secret.read' } }, (request) => ({ name: request.actor.name }))
  app.get('/api/v1/mine', { config: { requires: 'authenticated' } }, (request) => ({ name: request.actor.name }))
  app.get('/v1/open', { config: { requires: 'public' } }, (request) => ({ name: request.actor.name }))
  app.get('/v1/optional', { config: { requires: 'anyone' } }, (request) => ({ name: request.actor.name }))
  app.get('/livez', { config: { requires: 'public', rateLimitTier: 'none', alwaysOn: true } }, () => 'ok')
  app.post('/api/v1/sign-in', { config: { requires: 'public', rateLimitTier: 'sign_in', action: 'session.create' } }, () => 'ok')
  app.post('/api/v1/publicly', { config: { requires: 'public' } }, () => 'ok')
  app.post('/api/v1/things', { config: { requires: 'authenticated' } }, () => {
    throw new RegistryError('RULE_BROKEN', 'Cannot make "thing": it is round')
  })
}

function openEdge(options: TestEdgeOptions = {}) {
  return openTestEdge(routes, { actors: ACTORS, ...options })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('request chain', () => {
  test('a route without a requirement cannot be registered', () => {
    expect(() => openTestEdge((app) => app.get('/x', () => 'x'))).toThrow('Cannot register "GET /x": its config has no "requires"')
  })

  test('a route that asks for an unknown scope cannot be registered', () => {
    const register = () => openTestEdge((app) => app.get('/x', { config: { requires: 'no:scope' } }, () => 'x'), { isScope: () => false })
    expect(register).toThrow('there is no scope "no:scope"')
  })

  test('a public route does not look at the credential', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/v1/open', headers: bearer('wrong') })
    expect(response.json()).toEqual({ name: 'anonymous' })
  })

  test('an optional credential is used', async () => {
    const { request } = openEdge()
    expect((await request({ url: '/v1/optional', headers: bearer('reader') })).json()).toEqual({ name: 'reader' })
    expect((await request({ url: '/v1/optional' })).json()).toEqual({ name: 'anonymous' })
  })

  test('a wrong optional credential is refused with 401', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/v1/optional', headers: bearer('wrong') })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toMatch(/^Bearer/)
  })

  // protocol.md 8.6: a CLI tells a missing token from a rejected one by this.
  test('a missing credential is refused with 401 and a Bearer challenge', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/api/v1/mine' })
    expect(response.json()).toMatchObject({ status: 401, code: 'TOKEN_REQUIRED' })
    expect(response.headers['www-authenticate']).toMatch(/^Bearer/)
  })

  test('a credential without the scope is refused with 403', async () => {
    const { request } = openEdge()
    const response = await request({ url: '/api/v1/secret', headers: bearer('reader') })
    expect(response.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING', context: { scope: 'providers:write' } })
  })

  test('a credential with the scope passes', async () => {
    const { request } = openEdge()
    expect((await request({ url: '/api/v1/secret', headers: bearer('boss') })).json()).toEqual({ name: 'boss' })
  })

  test('authentication that needs time is waited for', async () => {
    const { request } = openEdge({ authenticate: (token) => Promise.resolve(ACTORS[token as 'boss']) })
    expect((await request({ url: '/api/v1/mine', headers: bearer('boss') })).json()).toEqual({ name: 'boss' })
    expect((await request({ url: '/api/v1/mine', headers: bearer('nobody') })).statusCode).toBe(401)
  })

  test('a failing authentication answers its own error', async () => {
    const { request } = openEdge({
      authenticate: () => Promise.reject(new RegistryError('DATABASE_UNAVAILABLE', 'Cannot read "sessions": gone')),
    })
    expect((await request({ url: '/api/v1/mine', headers: bearer('boss') })).statusCode).toBe(503)
  })

  // requirements.md C2: security headers → rate limit → authentication → authorisation → audit → handler.
  test('the rate limit comes before authentication and after the security headers', async () => {
    let asked = 0
    const { request } = openEdge({
      rateLimits: LIMITS,
      authenticate: () => {
        asked += 1
        return undefined
      },
    })
    const first = await request({ url: '/api/v1/secret', headers: bearer('wrong') })
    const second = await request({ url: '/api/v1/secret', headers: bearer('wrong') })
    expect([first.statusCode, second.statusCode, asked]).toEqual([401, 429, 1])
    expect(second.headers['x-frame-options']).toBe('DENY')
    expect(second.headers['retry-after']).toBe('60')
  })

  test('a tier without a limit is never refused', async () => {
    const { request } = openEdge({ rateLimits: LIMITS })
    const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await request('/livez')).statusCode))
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  test('protocol routes draw from their own, larger budget', async () => {
    const { request } = openEdge({ rateLimits: LIMITS })
    expect((await request('/v1/open')).statusCode).toBe(200)
    expect((await request('/v1/open')).statusCode).toBe(200)
  })

  test('a change without a credential is reported, a read is not', async () => {
    const { request, failedAttempts } = openEdge()
    await request({ url: '/api/v1/mine' })
    await request({ method: 'POST', url: '/api/v1/things' })
    expect(failedAttempts).toMatchObject([{ outcome: 'denied', code: 'TOKEN_REQUIRED', action: 'POST /api/v1/things' }])
  })

  test('denied requests are reported with the action of the route', async () => {
    const { request, failedAttempts } = openEdge()
    await request({ url: '/api/v1/secret?x=1', headers: bearer('reader') })
    await request({ url: '/api/v1/mine', headers: bearer('wrong') })
    expect(failedAttempts).toMatchObject([
      { outcome: 'denied', code: 'SCOPE_MISSING', action: 'secret.read', path: '/api/v1/secret', origin: { actor: ACTORS.reader } },
      { outcome: 'denied', code: 'TOKEN_INVALID', action: 'GET /api/v1/mine', origin: { actor: { kind: 'anonymous' } } },
    ])
  })

  test('requests beyond the budget are reported where credentials are guessed, and nowhere else', async () => {
    const { request, failedAttempts } = openEdge({ rateLimits: LIMITS })
    const twice = async (url: string) =>
      [await request({ method: 'POST', url }), await request({ method: 'POST', url })].map((r) => r.statusCode)
    expect(await twice('/api/v1/sign-in')).toEqual([200, 429])
    expect(await twice('/api/v1/publicly')).toEqual([200, 429])
    expect(failedAttempts).toMatchObject([{ outcome: 'denied', code: 'RATE_LIMITED', action: 'session.create' }])
  })

  test('a change that fails is reported as an error', async () => {
    const { request, failedAttempts } = openEdge()
    await request({ method: 'POST', url: '/api/v1/things', headers: bearer('boss') })
    expect(failedAttempts).toMatchObject([{ outcome: 'error', code: 'RULE_BROKEN', action: 'POST /api/v1/things' }])
  })

  test('a missing credential is not reported: nobody tried anything', async () => {
    const { request, failedAttempts } = openEdge()
    await request('/api/v1/mine')
    expect(failedAttempts).toEqual([])
  })

  test('a stopping server answers 503 except on routes that are always on', async () => {
    const { request, lifecycle } = openEdge()
    lifecycle.markStopping()
    const refused = await request('/v1/open')
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['retry-after']).toBe('5')
    expect((await request('/livez')).statusCode).toBe(200)
  })

  test('HEAD passes the same chain as GET', async () => {
    const { request } = openEdge()
    expect((await request({ method: 'HEAD', url: '/api/v1/secret' })).statusCode).toBe(401)
    expect((await request({ method: 'HEAD', url: '/api/v1/secret', headers: bearer('boss') })).statusCode).toBe(200)
  })
})
