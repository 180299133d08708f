import { describe, expect, test } from 'vitest'
import { DEFAULT_ORGANIZATION_ID, SYSTEM_ROLE_TEMPLATES } from '../../../base/database/seed-rows.ts'
import { csrfTokenOf } from '../../../base/http/csrf.ts'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { openTestAccounts, PASSWORD } from '../../../testing/test-accounts.ts'
import { TEST_CSRF_KEY } from '../../../testing/test-edge.ts'

const NEW = 'another horse battery'
const PROBE = { url: '/api/v1/probe' }
const change = (payload: object = { current_password: PASSWORD, new_password: NEW }) =>
  ({ method: 'PUT', url: '/api/v1/auth/password', payload }) as const
const set = (id: string, payload: object = { new_password: NEW }) =>
  ({ method: 'PUT', url: `/api/v1/users/${id}/password`, payload }) as const

/** Mia, who reads providers, and Una, who manages users. */
async function openWithMia(dialect: Dialect, options = {}) {
  const accounts = await openTestAccounts(dialect, options)
  const mia = await accounts.addUser('mia', ['providers:read'])
  const una = await accounts.addUser('una', ['users:manage', 'providers:read'])
  const login = async (username: string, password: string) => {
    const response = await accounts.request({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password } })
    return response.statusCode
  }
  const makeKey = async (token: string, scopes = ['providers:read']) => {
    const payload = { name: 'ci', scopes }
    return (await accounts.as(token, { method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>().key
  }
  return { ...accounts, mia, una, login, makeKey }
}

describe.each(DIALECTS)('changing the own password on %s', (dialect) => {
  // requirements.md AUT-06.
  test('ends every session, the own one too, and keeps the keys', async () => {
    const { signIn, as, makeKey, login, audit } = await openWithMia(dialect)
    const [here, elsewhere, other] = [await signIn('mia'), await signIn('mia'), await signIn('una')]
    const key = await makeKey(here)
    const response = await as(here, { method: 'PUT', url: '/api/v1/auth/password', payload: change().payload })
    expect([response.statusCode, response.json()]).toEqual([200, { sessions_revoked: 2, api_keys_kept: 1 }])
    const statuses = []
    for (const token of [here, elsewhere, other, key]) statuses.push((await as(token, PROBE)).statusCode)
    expect(statuses).toEqual([401, 401, 200, 200])
    expect([await login('mia', PASSWORD), await login('mia', NEW)]).toEqual([401, 200])
    expect(await audit()).toContain('user.change_password allowed mia')
  })

  test('takes the cookie away', async () => {
    const { signIn, request, as } = await openWithMia(dialect)
    const token = await signIn('mia')
    const { items } = (await as(token, { url: '/api/v1/auth/sessions' })).json<{ items: { id: string }[] }>()
    const headers = { cookie: `terrace_session=${token}`, 'x-csrf-token': csrfTokenOf(TEST_CSRF_KEY, items[0]?.id ?? '') }
    expect((await request({ ...change(), headers })).headers['set-cookie']).toMatch(/^terrace_session=; /)
  })

  test('with a wrong current one changes nothing', async () => {
    const { signIn, as, login, failedAttempts } = await openWithMia(dialect)
    const token = await signIn('mia')
    for (const current of ['', 'wrong password 1', `${PASSWORD} `]) {
      const response = await as(token, change({ current_password: current, new_password: NEW }))
      expect(response.json()).toMatchObject({ status: 403, code: 'PASSWORD_WRONG' })
    }
    expect([await login('mia', PASSWORD), (await as(token, PROBE)).statusCode]).toEqual([200, 200])
    expect(failedAttempts[0]).toMatchObject({ outcome: 'denied', action: 'user.change_password' })
  })

  test.each([['short'], ['mia mia mia mia'], ['aaaaaaaaaaaaaaaa'], ['x'.repeat(73)], [PASSWORD]])('to "%s" is refused', async (weak) => {
    const { signIn, as, login } = await openWithMia(dialect)
    const response = await as(await signIn('mia'), change({ current_password: PASSWORD, new_password: weak }))
    expect(response.json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
    expect(await login('mia', PASSWORD)).toBe(200)
  })

  test('is not for keys, nor for nobody, nor with another body', async () => {
    const { signIn, as, makeKey, request } = await openWithMia(dialect)
    const token = await signIn('mia')
    expect((await as(await makeKey(token), change())).json()).toMatchObject({ code: 'SCOPE_MISSING' })
    expect((await request(change())).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
    for (const body of [{}, { new_password: NEW }, { current_password: PASSWORD, new_password: 1 }]) {
      expect((await as(token, change(body))).statusCode).toBe(400)
    }
  })

  test('is not possible for somebody without one', async () => {
    const { signIn, as, database, mia } = await openWithMia(dialect)
    const token = await signIn('mia')
    await database.db.updateTable('users').set({ passwordHash: null }).where('id', '=', mia).execute()
    expect((await as(token, change())).json()).toMatchObject({ code: 'PASSWORD_WRONG' })
  })

  // Two change it at once, or a sign-in with the old one is under way: of several, one password counts, and its sessions only.
  test('at once with others leaves one password and no session from before', async () => {
    const { signIn, as, login, database } = await openWithMia(dialect)
    const token = await signIn('mia')
    const words = [`${NEW} one`, `${NEW} two`, `${NEW} three`]
    const [changes] = await Promise.all([
      Promise.all(words.map((word) => as(token, change({ current_password: PASSWORD, new_password: word })))),
      Promise.all(Array.from({ length: 6 }, () => login('mia', PASSWORD))),
    ])
    expect(changes.map(({ statusCode }) => statusCode).filter((status) => status === 200)).toHaveLength(1)
    const live = await database.db.selectFrom('sessions').select('id').where('revokedAt', 'is', null).execute()
    expect(live).toEqual([])
    const statuses = []
    for (const word of words) statuses.push(await login('mia', word))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })
})

describe.each(DIALECTS)('setting the password of another user on %s', (dialect) => {
  test('ends their sessions, and keeps their keys', async () => {
    const { signIn, as, makeKey, login, mia } = await openWithMia(dialect)
    const [manager, session] = [await signIn('una'), await signIn('mia')]
    const key = await makeKey(session)
    const payload = { new_password: NEW }
    const response = await as(manager, { method: 'PUT', url: `/api/v1/users/${mia}/password`, payload })
    expect([response.statusCode, response.json()]).toEqual([200, { sessions_revoked: 1, api_keys_kept: 1 }])
    const statuses = [(await as(session, PROBE)).statusCode, (await as(key, PROBE)).statusCode, (await as(manager, PROBE)).statusCode]
    expect(statuses).toEqual([401, 200, 200])
    expect([await login('mia', PASSWORD), await login('mia', NEW)]).toEqual([401, 200])
  })

  // Else who manages users could become an administrator (reliability.md row 25).
  test('is refused for somebody who holds more, by scope or by role', async () => {
    const { signIn, as, addUser, database, mia, login } = await openWithMia(dialect)
    const manager = await signIn('una')
    const boss = await addUser('boss', ['admin'])
    expect((await as(manager, set(boss))).json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
    const roleTemplateId = SYSTEM_ROLE_TEMPLATES.find(({ name }) => name === 'publisher')?.id ?? ''
    const member = { organizationId: DEFAULT_ORGANIZATION_ID, userId: mia, roleTemplateId, createdAt: 1 }
    await database.db.insertInto('organizationMembers').values(member).execute()
    expect((await as(manager, set(mia))).json()).toMatchObject({ code: 'SCOPE_MISSING' })
    expect([await login('boss', PASSWORD), await login('mia', PASSWORD)]).toEqual([200, 200])
    expect((await as(await signIn('boss'), set(mia))).statusCode).toBe(200)
  })

  test('is refused for oneself, who knows the current one, and with a key of one', async () => {
    const { signIn, as, makeKey, una, login } = await openWithMia(dialect)
    const manager = await signIn('una')
    for (const token of [manager, await makeKey(manager, ['users:manage'])]) {
      expect((await as(token, set(una))).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
    }
    expect(await login('una', PASSWORD)).toBe(200)
  })

  // Else it could sign in as them, and be bound to nothing.
  test('is refused with a key for certain namespaces', async () => {
    const { signIn, as, addUser, mia, login } = await openWithMia(dialect)
    await addUser('boss', ['admin'])
    const payload = { name: 'bound', scopes: ['admin'], namespaces: ['acme'] }
    const { key } = (await as(await signIn('boss'), { method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
    expect((await as(key, set(mia))).json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
    expect(await login('mia', PASSWORD)).toBe(200)
  })

  test('needs the scope, a user and a good password', async () => {
    const { signIn, as, request, mia } = await openWithMia(dialect)
    const manager = await signIn('una')
    expect((await request(set(mia))).json()).toMatchObject({ code: 'TOKEN_REQUIRED' })
    expect((await as(await signIn('mia'), set(mia))).json()).toMatchObject({ code: 'SCOPE_MISSING' })
    expect((await as(manager, set('x'))).json()).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
    expect((await as(manager, set(mia, { new_password: 'short' }))).json()).toMatchObject({ code: 'RULE_BROKEN' })
    expect((await as(manager, set(mia, {}))).statusCode).toBe(400)
  })
})

describe('without local accounts', () => {
  test('nobody signs in with a password or gets one', async () => {
    const { database, request, as, mia } = await openWithMia('sqlite')
    const replica = await openTestAccounts('sqlite', { database, localAccounts: false })
    const payload = { username: 'mia', password: PASSWORD }
    expect((await replica.request({ method: 'POST', url: '/api/v1/auth/login', payload })).json()).toMatchObject({
      status: 403,
      code: 'LOCAL_ACCOUNTS_OFF',
    })
    const login = await request({ method: 'POST', url: '/api/v1/auth/login', payload: { ...payload, username: 'una' } })
    const { token } = login.json<{ token: string }>()
    expect((await replica.as(token, change())).json()).toMatchObject({ code: 'LOCAL_ACCOUNTS_OFF' })
    expect((await replica.as(token, set(mia))).json()).toMatchObject({ code: 'LOCAL_ACCOUNTS_OFF' })
    expect((await as(token, PROBE)).statusCode).toBe(200)
    expect((await replica.request('/api/v1/auth/methods')).json()).toEqual({ local: false, single_sign_on: [], development: false })
    expect((await request('/api/v1/auth/methods')).json()).toMatchObject({ local: true })
  })
})
