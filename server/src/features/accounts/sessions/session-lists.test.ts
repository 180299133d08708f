import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { openTestAccounts, PASSWORD } from '../../../testing/test-accounts.ts'
import { sweepSessions } from './revoke-sessions.ts'

const HOUR_MS = 3_600_000
const OWN = '/api/v1/auth/sessions'
const PROBE = { url: '/api/v1/probe' }
const remove = (url: string) => ({ method: 'DELETE', url }) as const

interface Listed {
  readonly items: { readonly id: string; readonly current: boolean; readonly user_agent: string }[]
  readonly total: number
}

/** Mia, who reads providers, and Una, who manages users. */
async function openWithMia(dialect: Dialect) {
  const accounts = await openTestAccounts(dialect)
  const mia = await accounts.addUser('mia', ['providers:read'])
  const una = await accounts.addUser('una', ['users:manage', 'providers:read'])
  const list = async (token: string, url = OWN) => (await accounts.as(token, { url })).json<Listed>()
  return { ...accounts, mia, una, list }
}

describe.each(DIALECTS)('the sessions of a person on %s', (dialect) => {
  test('are listed, newest first, with the current one marked and without their tokens', async () => {
    const { signIn, as, clock } = await openWithMia(dialect)
    const first = await signIn('mia')
    clock.advance(HOUR_MS)
    const second = await signIn('mia')
    const response = await as(first, { url: '/api/v1/auth/sessions' })
    const session = { id: expect.any(String), ip: '127.0.0.1', user_agent: 'lightMyRequest' }
    const newer = { ...session, created_at: '2026-01-02T04:04:05.000Z', expires_at: '2026-01-02T12:04:05.000Z', current: false }
    const older = { ...session, created_at: '2026-01-02T03:04:05.000Z', expires_at: '2026-01-02T11:04:05.000Z', current: true }
    expect(response.json()).toEqual({ items: [newer, older], total: 2, limit: 50, offset: 0 })
    expect(response.body).not.toContain(second)
  })

  test('are listed without those of others, and without revoked and expired ones', async () => {
    const { signIn, list, as, clock } = await openWithMia(dialect)
    const expired = await signIn('mia')
    expect((await list(expired)).total).toBe(1)
    clock.advance(8 * HOUR_MS)
    const revoked = await signIn('mia')
    await as(revoked, { method: 'POST', url: '/api/v1/auth/logout' })
    await signIn('una')
    expect(await list(await signIn('mia'))).toMatchObject({ items: [{ current: true }], total: 1 })
  })

  test('can be ended one by one', async () => {
    const { signIn, list, as, audit } = await openWithMia(dialect)
    const [here, lost] = [await signIn('mia'), await signIn('mia')]
    const id = (await list(lost)).items.find(({ current }) => current)?.id
    expect((await as(here, remove(`/api/v1/auth/sessions/${id}`))).statusCode).toBe(204)
    expect((await as(lost, PROBE)).statusCode).toBe(401)
    expect((await as(here, PROBE)).statusCode).toBe(200)
    expect((await audit()).at(-1)).toBe('session.revoke allowed mia')
  })

  // reliability.md row 26.
  test('of somebody else cannot be told from ones that do not exist', async () => {
    const { signIn, list, as } = await openWithMia(dialect)
    const [mine, other] = [await signIn('mia'), await signIn('una')]
    const id = (await list(other)).items[0]?.id ?? ''
    const ended = await list(mine)
    await as(mine, remove(`${OWN}/${ended.items[0]?.id}`))
    const again = await signIn('mia')
    for (const unknown of [id, 'x', ended.items[0]?.id ?? '']) {
      const response = await as(again, remove(`${OWN}/${unknown}`))
      expect(response.json()).toMatchObject({ status: 404, code: 'SESSION_NOT_FOUND' })
    }
    expect((await as(other, PROBE)).statusCode).toBe(200)
  })

  test('are no business of a key', async () => {
    const { signIn, as, list } = await openWithMia(dialect)
    const session = await signIn('mia')
    const payload = { name: 'ci', scopes: ['providers:read'] }
    const { key } = (await as(session, { method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
    const id = (await list(session)).items[0]?.id
    expect((await as(key, { url: OWN })).json()).toMatchObject({ code: 'SCOPE_MISSING' })
    expect((await as(key, remove(`${OWN}/${id}`))).json()).toMatchObject({ code: 'SCOPE_MISSING' })
  })

  test('are listed and ended by who manages users, on every server', async () => {
    const here = await openWithMia(dialect)
    const there = await openTestAccounts(dialect, { database: here.database })
    const [una, first, second] = [await here.signIn('una'), await here.signIn('mia'), await there.signIn('mia')]
    const url = `/api/v1/users/${here.mia}/sessions`
    const { items } = await here.list(una, url)
    expect(items.map(({ current }) => current)).toEqual([false, false])
    const firstId = (await here.list(first)).items.find(({ current }) => current)?.id
    expect((await here.as(una, remove(`/api/v1/users/${here.mia}/sessions/${firstId}`))).statusCode).toBe(204)
    expect([(await there.as(first, PROBE)).statusCode, (await there.as(second, PROBE)).statusCode]).toEqual([401, 200])
    expect((await here.as(una, remove(url))).json()).toEqual({ sessions_revoked: 1 })
    expect((await there.as(second, PROBE)).statusCode).toBe(401)
    expect((await there.as(una, PROBE)).statusCode).toBe(200)
  })

  test('of a user are found under that user only', async () => {
    const { signIn, list, as, una } = await openWithMia(dialect)
    const [manager, mia] = [await signIn('una'), await signIn('mia')]
    const id = (await list(mia)).items[0]?.id
    expect((await as(manager, remove(`/api/v1/users/${una}/sessions/${id}`))).json()).toMatchObject({ code: 'SESSION_NOT_FOUND' })
    for (const request of [{ url: '/api/v1/users/x/sessions' }, remove('/api/v1/users/x/sessions')]) {
      expect((await as(manager, request)).json()).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
    }
    expect((await as(mia, PROBE)).statusCode).toBe(200)
  })

  test('need a credential with the right scope', async () => {
    const { signIn, as, request, mia } = await openWithMia(dialect)
    const session = await signIn('mia')
    const others = `/api/v1/users/${mia}/sessions`
    for (const tried of [{ url: others }, remove(others), remove(`${others}/x`)]) {
      expect((await as(session, tried)).json()).toMatchObject({ code: 'SCOPE_MISSING' })
    }
    for (const tried of [{ url: OWN }, remove(`${OWN}/x`), { url: others }, remove(others)]) {
      expect((await request(tried)).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
    }
    expect((await as(session, { url: `${OWN}?limit=0` })).statusCode).toBe(400)
  })

  test('are swept when they have expired', async () => {
    const { signIn, deps, clock, as } = await openWithMia(dialect)
    await signIn('mia')
    clock.advance(HOUR_MS)
    const later = await signIn('mia')
    clock.advance(7 * HOUR_MS)
    expect(await sweepSessions(deps)).toBe(1)
    expect((await as(later, PROBE)).statusCode).toBe(200)
  })
})

describe.each(DIALECTS)('a session in a cookie on %s', (dialect) => {
  async function openWithCookie() {
    const accounts = await openTestAccounts(dialect)
    await accounts.addUser('mia', ['providers:read'])
    const payload = { username: 'mia', password: PASSWORD, cookie: true }
    const login = (headers = {}) => accounts.request({ method: 'POST', url: '/api/v1/auth/login', payload, headers })
    const response = await login()
    const cookie = String(response.headers['set-cookie']).split(';')[0] ?? ''
    return { ...accounts, login, response, cookie }
  }

  test('is answered with the CSRF token instead of its own', async () => {
    const { response, cookie, request } = await openWithCookie()
    expect(response.json()).toEqual({ csrf_token: expect.stringMatching(/^[\w-]{43}$/), expires_at: '2026-01-02T11:04:05.000Z' })
    expect(response.headers['set-cookie']).toMatch(/^terrace_session=[\w-]+\.[\w-]+\.[\w-]+; .*HttpOnly; SameSite=Lax$/)
    expect((await request({ ...PROBE, headers: { cookie } })).json()).toMatchObject({ name: 'mia' })
  })

  test('gets its CSRF token from me, and a bearer gets none', async () => {
    const { response, cookie, request, signIn, as } = await openWithCookie()
    const url = '/api/v1/auth/me'
    const { csrf_token: token } = response.json<{ csrf_token: string }>()
    expect((await request({ url, headers: { cookie } })).json()).toMatchObject({ name: 'mia', csrf_token: token })
    expect((await as(await signIn('mia'), { url })).json()).not.toHaveProperty('csrf_token')
  })

  test.each(['/api/v1/auth/logout', '/admin/api/logout'])('ends by %s, which takes the cookie away', async (url) => {
    const { response, cookie, request } = await openWithCookie()
    expect((await request({ method: 'POST', url, headers: { cookie } })).json()).toMatchObject({ code: 'CSRF_FAILED' })
    const headers = { cookie, 'x-csrf-token': response.json<{ csrf_token: string }>().csrf_token }
    const out = await request({ method: 'POST', url, headers })
    expect([out.statusCode, out.headers['set-cookie']]).toEqual([204, expect.stringMatching(/^terrace_session=; /)])
    expect((await request({ ...PROBE, headers: { cookie } })).statusCode).toBe(401)
  })

  test('that ends itself from the list loses its cookie too', async () => {
    const { response, cookie, request } = await openWithCookie()
    const headers = { cookie, 'x-csrf-token': response.json<{ csrf_token: string }>().csrf_token }
    const { items } = (await request({ url: OWN, headers })).json<Listed>()
    const out = await request({ ...remove(`${OWN}/${items[0]?.id}`), headers })
    expect([out.statusCode, out.headers['set-cookie']]).toEqual([204, expect.stringMatching(/^terrace_session=; /)])
  })

  // Else a foreign page could sign its visitor in as somebody else.
  test('is not handed to a foreign page', async () => {
    const { login } = await openWithCookie()
    const response = await login({ origin: 'https://evil.example' })
    expect(response.json()).toMatchObject({ code: 'CSRF_FAILED' })
    expect(response.headers).not.toHaveProperty('set-cookie')
  })
})
