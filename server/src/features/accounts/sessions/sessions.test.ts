import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { openTestAccounts, PASSWORD } from '../../../testing/test-accounts.ts'

const HOUR_MS = 3_600_000
const login = (payload: object, url = '/api/v1/auth/login') => ({ method: 'POST', url, payload }) as const
const probe = { url: '/api/v1/probe' }

describe.each(DIALECTS)('sessions on %s', (dialect) => {
  test.each(['/api/v1/auth/login', '/admin/api/login'])('%s answers a token and its expiry', async (url) => {
    const { request, addUser, as } = await openTestAccounts(dialect)
    await addUser('mia', ['providers:read'])
    const response = await request(login({ username: 'mia', password: PASSWORD }, url))
    expect(response.statusCode).toBe(200)
    const { token, ...rest } = response.json<{ token: string }>()
    expect(rest).toEqual({ expires_at: '2026-01-02T11:04:05.000Z' })
    expect((await as(token, probe)).json()).toMatchObject({ kind: 'session', name: 'mia' })
  })

  test('the user name is not case sensitive', async () => {
    const { request, addUser } = await openTestAccounts(dialect)
    await addUser('mia', [])
    expect((await request(login({ username: ' Mia', password: PASSWORD }))).statusCode).toBe(200)
  })

  // reliability.md row 29: nobody can find out which users exist.
  test('an unknown user, a wrong password and a disabled user get the same answer', async () => {
    const { request, addUser } = await openTestAccounts(dialect)
    await addUser('mia', ['admin'])
    await addUser('tom', ['admin'], { disabled: true })
    const tries = [
      { username: 'nobody', password: PASSWORD },
      { username: 'mia', password: 'wrong password 1' },
      { username: 'mia', password: '' },
      { username: 'mia', password: `${PASSWORD}\0x` },
      { username: 'mia', password: PASSWORD.padEnd(73, 'x') },
      { username: 'tom', password: PASSWORD },
      { username: "' or 1=1 --", password: PASSWORD },
    ]
    const headers = { 'x-request-id': 'same' }
    const answers = []
    for (const payload of tries) answers.push(await request({ ...login(payload), headers }))
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1)
    expect(answers[0]?.json()).toMatchObject({ status: 401, code: 'SIGN_IN_REFUSED' })
  })

  test('bodies that break the schema are refused with 400', async () => {
    const { request } = await openTestAccounts(dialect)
    const bodies = [{}, { username: 'mia' }, { username: 1, password: [] }, { username: 'mia', password: 'x'.repeat(2000) }]
    for (const body of bodies) expect((await request(login(body))).statusCode, JSON.stringify(body)).toBe(400)
  })

  test('signing in and failing to are written to the audit, without what an unknown user typed', async () => {
    const { request, addUser, audit } = await openTestAccounts(dialect)
    await addUser('mia', [])
    await request(login({ username: 'mia', password: PASSWORD }))
    await request(login({ username: 'mia', password: 'wrong password 1' }))
    await request(login({ username: 'hunter2hunter2', password: 'mia' }))
    expect(await audit()).toEqual(['session.create allowed mia', 'session.create denied mia', 'session.create denied unknown user'])
  })

  test.each(['/api/v1/auth/logout', '/admin/api/logout'])('%s revokes the session', async (url) => {
    const { addUser, signIn, as, audit } = await openTestAccounts(dialect)
    await addUser('mia', ['providers:read'])
    const token = await signIn('mia')
    expect((await as(token, { method: 'POST', url })).statusCode).toBe(204)
    expect((await as(token, probe)).json()).toMatchObject({ status: 401, code: 'TOKEN_INVALID' })
    expect(await audit()).toEqual(['session.create allowed mia', 'session.revoke allowed mia'])
  })

  test('signing out ends one session, not the others', async () => {
    const { addUser, signIn, as } = await openTestAccounts(dialect)
    await addUser('mia', ['providers:read'])
    const [first, second] = [await signIn('mia'), await signIn('mia')]
    await as(first, { method: 'POST', url: '/api/v1/auth/logout' })
    expect((await as(second, probe)).statusCode).toBe(200)
  })

  // requirements.md C13: revocation acts on every replica.
  test('a session that ends on one server is refused by another', async () => {
    const here = await openTestAccounts(dialect)
    const there = await openTestAccounts(dialect, { database: here.database })
    await here.addUser('mia', ['providers:read'])
    const token = await here.signIn('mia')
    expect((await there.as(token, probe)).statusCode).toBe(200)
    await here.as(token, { method: 'POST', url: '/api/v1/auth/logout' })
    expect((await there.as(token, probe)).statusCode).toBe(401)
  })

  test('a session ends after its life', async () => {
    const { addUser, signIn, as, clock } = await openTestAccounts(dialect)
    await addUser('mia', ['providers:read'])
    const token = await signIn('mia')
    clock.advance(8 * HOUR_MS - 1000)
    expect((await as(token, probe)).statusCode).toBe(200)
    clock.advance(1000)
    expect((await as(token, probe)).statusCode).toBe(401)
  })

  // reliability.md row 27.
  test('a disabled user and taken scopes act on the next request', async () => {
    const { addUser, signIn, as, database } = await openTestAccounts(dialect)
    const id = await addUser('mia', ['providers:read'])
    const token = await signIn('mia')
    await database.db.updateTable('users').set({ scopes: '["modules:read"]' }).where('id', '=', id).execute()
    expect((await as(token, probe)).statusCode).toBe(403)
    await database.db.updateTable('users').set({ disabledAt: 1 }).where('id', '=', id).execute()
    expect((await as(token, probe)).statusCode).toBe(401)
  })

  test('me tells whose credential it is', async () => {
    const { addUser, signIn, as } = await openTestAccounts(dialect)
    const id = await addUser('mia', ['providers:write'])
    const response = await as(await signIn('mia'), { url: '/api/v1/auth/me' })
    const scopes = ['providers:read', 'providers:write']
    expect(response.json()).toEqual({ kind: 'session', user_id: id, name: 'mia', scopes, organizations: [] })
  })

  test('everything but signing in and setting up needs a credential', async () => {
    const { request } = await openTestAccounts(dialect)
    const routes = [
      ['GET', '/api/v1/auth/me'],
      ['POST', '/api/v1/auth/logout'],
      ['POST', '/admin/api/logout'],
      ['GET', '/api/v1/apikeys'],
      ['POST', '/api/v1/apikeys'],
      ['DELETE', '/api/v1/apikeys/x'],
      ['GET', '/api/v1/api-keys'],
      ['POST', '/api/v1/api-keys'],
      ['DELETE', '/api/v1/api-keys/x'],
    ] as const
    for (const [method, url] of routes) expect((await request({ method, url })).statusCode, `${method} ${url}`).toBe(401)
  })

  // requirements.md C32: guessing is slow.
  test('sign-ins have a budget of their own', async () => {
    const edge = { rateLimits: { protocol: 100, api: 100, sign_in: 2, token_exchange: 100, upload: 100, wrong_credentials: 100 } }
    const { request } = await openTestAccounts(dialect, { edge })
    const statuses = []
    for (let round = 0; round < 3; round += 1) statuses.push((await request(login({ username: 'mia', password: 'x' }))).statusCode)
    expect(statuses).toEqual([401, 401, 429])
    expect((await request('/api/v1/setup/status')).statusCode).toBe(200)
  })
})
