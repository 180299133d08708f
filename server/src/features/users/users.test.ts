import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppDeps } from '../../app-deps.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type OpenTestApp, openTestApp, testApp } from '../../testing/test-app.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'
import type { UserView } from './user-views.ts'

const PASSWORD = 'seven yellow bicycles'
const codeOf = (response: { json<T>(): T }) => response.json<{ code: string }>().code

describe.each(DIALECTS)('users on %s', (dialect) => {
  let app: OpenTestApp
  /** May manage users, and no more than that. */
  let manager: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect)
    manager = await addMember(app, { organization: 'default', username: 'umar', role: 'user_manager' })
  })
  afterAll(() => app.close())

  const create = (payload: object, as: { request: OpenTestApp['request'] } = { request: (options) => app.asAdmin(options as object) }) =>
    as.request({ method: 'POST', url: '/api/v1/users', payload })
  const created = async (payload: object) => {
    const response = await create(payload)
    expect(response.statusCode, response.body).toBe(201)
    return response.json<UserView>()
  }
  const change = (id: string, payload: object) => app.asAdmin({ method: 'PATCH', url: `/api/v1/users/${id}`, payload })
  const signIn = (username: string) => app.request({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password: PASSWORD } })
  const adminId = async () => (await app.asAdmin({ url: '/api/v1/users?q=admin' })).json<{ items: UserView[] }>().items[0]?.id ?? ''

  test('a user is made with a role, signs in and has what the role allows', async () => {
    const user = await created({
      username: 'Mia',
      email: 'Mia@Example.com',
      display_name: 'Mia Long',
      password: PASSWORD,
      role: 'publisher',
    })
    expect(user).toMatchObject({
      username: 'mia',
      email: 'mia@example.com',
      display_name: 'Mia Long',
      scopes: [],
      roles: [{ organization: 'default', role: 'publisher' }],
      disabled: false,
      last_sign_in_at: null,
    })
    const { token } = (await signIn('mia')).json<{ token: string }>()
    const me = await app.request({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } })
    const scopes = expect.arrayContaining(['modules:write', 'providers:write'])
    expect(me.json()).toMatchObject({
      name: 'mia',
      scopes,
      organizations: [{ name: 'default', display_name: 'Default', role: 'publisher', scopes }],
    })
  })

  test('the name and the address of somebody else are refused, in any case', async () => {
    await created({ username: 'nora', email: 'nora@example.com' })
    const other = await created({ username: 'nils' })
    const answers = [
      await create({ username: 'NORA' }),
      await create({ username: 'norbert', email: 'NORA@example.com' }),
      await change(other.id, { email: 'Nora@Example.com' }),
    ]
    expect(answers.map((answer) => [answer.statusCode, answer.json()])).toMatchObject([
      [409, { code: 'USER_EXISTS', context: { field: 'username' } }],
      [409, { code: 'USER_EXISTS', context: { field: 'email' } }],
      [409, { code: 'USER_EXISTS', context: { field: 'email' } }],
    ])
  })

  test('PUT and PATCH change what is given and leave the rest', async () => {
    const { id } = await created({ username: 'otto', email: 'otto@example.com', scopes: ['audit:read'] })
    expect((await change(id, { display_name: 'Otto', scopes: ['providers:write', 'audit:read'] })).json()).toMatchObject({
      email: 'otto@example.com',
      display_name: 'Otto',
      scopes: ['audit:read', 'providers:write'],
    })
    const put = await app.asAdmin({ method: 'PUT', url: `/api/v1/users/${id}`, payload: { email: null } })
    expect(put.json()).toMatchObject({ email: null, display_name: 'Otto' })
  })

  test('a disabled user is refused on the next request, and enabling revives no session', async () => {
    const { id } = await created({ username: 'pia', password: PASSWORD })
    const { token } = (await signIn('pia')).json<{ token: string }>()
    const me = async () => (await app.request({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } })).statusCode
    expect(await me()).toBe(200)
    expect((await change(id, { disabled: true })).json()).toMatchObject({ disabled: true })
    expect([await me(), (await signIn('pia')).statusCode]).toEqual([401, 401])
    await change(id, { disabled: false })
    expect([await me(), (await signIn('pia')).statusCode]).toEqual([401, 200])
  })

  test('a deleted user is gone with keys, sessions and memberships; the audit keeps the name', async () => {
    const gone = await addMember(app, { organization: 'default', username: 'quinn', role: 'publisher' })
    expect((await gone.request({ url: '/api/v1/auth/me' })).statusCode).toBe(200)
    expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/users/${gone.userId}` })).statusCode).toBe(204)
    expect((await gone.request({ url: '/api/v1/auth/me' })).statusCode).toBe(401)
    const { db } = app.deps.database
    const left = await Promise.all([
      db.selectFrom('apiKeys').select('id').where('userId', '=', gone.userId).execute(),
      db.selectFrom('organizationMembers').select('userId').where('userId', '=', gone.userId).execute(),
    ])
    expect(left).toEqual([[], []])
    const audit = await app.asAdmin({ url: '/api/v1/audit?action=user.delete' })
    expect(audit.json()).toMatchObject({ items: [{ object: 'quinn', actor: { name: 'admin' } }] })
  })

  test.each([
    ['%', 0],
    ['_', 0],
    ['\\', 0],
    ["'; drop table users; --", 0],
    ['SEARCH', 2],
    ['search.two', 1],
    ['Zwölf', 1],
  ])('a search for %j finds %d users', async (q, total) => {
    for (const user of [{ username: 'search.one' }, { username: 'search.two', display_name: 'Zwölf' }]) await create(user)
    const found = await app.asAdmin({ url: '/api/v1/users', query: { q } })
    expect(found.json()).toMatchObject({ total })
  })

  test('lists are cut into pages and to those who are disabled', async () => {
    const { id } = await created({ username: 'zoe' })
    await change(id, { disabled: true })
    expect((await app.asAdmin({ url: '/api/v1/users?disabled=true' })).json()).toMatchObject({ total: 1, items: [{ username: 'zoe' }] })
    const page = (await app.asAdmin({ url: '/api/v1/users?limit=1&offset=1' })).json<{ items: object[]; total: number }>()
    expect([page.items.length, page.total > 2]).toEqual([1, true])
  })

  test('a manager gives no scope and no role that they do not hold', async () => {
    const target = await created({ username: 'ruth' })
    const patch = { method: 'PATCH', url: `/api/v1/users/${target.id}` } as const
    const answers = [
      await create({ username: 'sam', scopes: ['admin'] }, manager),
      await create({ username: 'sam', scopes: ['providers:write'] }, manager),
      await create({ username: 'sam', role: 'admin' }, manager),
      await manager.request({ ...patch, payload: { scopes: ['admin'] } }),
    ]
    expect(answers.map(codeOf)).toEqual(Array(4).fill('SCOPE_MISSING'))
    expect((await create({ username: 'sam', role: 'viewer', scopes: ['users:read'] }, manager)).statusCode).toBe(201)
  })

  test('a manager neither changes nor disables nor deletes somebody who may do more', async () => {
    const publisher = await created({ username: 'tara', role: 'publisher' })
    for (const id of [await adminId(), publisher.id]) {
      const url = `/api/v1/users/${id}`
      const answers = [
        await manager.request({ method: 'PATCH', url, payload: { email: 'mine@example.com' } }),
        await manager.request({ method: 'PATCH', url, payload: { disabled: true } }),
        await manager.request({ method: 'PATCH', url, payload: { scopes: [] } }),
        await manager.request({ method: 'DELETE', url }),
      ]
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403])
    }
  })

  test('a key that is bound to namespaces makes nobody who is not', async () => {
    const bound = await addMember(app, { organization: 'default', username: 'uma', role: 'admin', namespaces: ['acme'] })
    expect(codeOf(await create({ username: 'victor', scopes: ['admin'] }, bound))).toBe('SCOPE_MISSING')
  })

  test('a narrow key of an administrator changes no administrator, not even its owner', async () => {
    const { id } = await created({ username: 'wanda', scopes: ['users:manage'], password: PASSWORD })
    const { token } = (await signIn('wanda')).json<{ token: string }>()
    const headers = { authorization: `Bearer ${token}` }
    const narrow = { name: 'narrow', scopes: ['users:manage'] }
    const { key } = (await app.request({ method: 'POST', url: '/api/v1/apikeys', headers, payload: narrow })).json<{ key: string }>()
    await change(id, { scopes: ['admin'] })
    const response = await app.request({ method: 'DELETE', url: `/api/v1/users/${id}`, headers: { authorization: `Bearer ${key}` } })
    expect(response.statusCode).toBe(403)
  })

  test('without the scope there is neither list nor user nor change', async () => {
    const viewer = await addMember(app, { organization: 'default', username: 'xena', role: 'viewer' })
    const url = `/api/v1/users/${viewer.userId}`
    const answers = [
      await viewer.request({ url: '/api/v1/users' }),
      await viewer.request({ url }),
      await viewer.request({ method: 'PATCH', url, payload: { scopes: ['admin'] } }),
      await create({ username: 'y' }, viewer),
      await app.request({ url: '/api/v1/users' }),
    ]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403, 401])
  })

  test.each([
    [{ username: '../etc' }, 422],
    [{ username: '' }, 400],
    [{ username: 'yara', email: 'no address' }, 422],
    [{ username: 'yara', password: 'short' }, 422],
    [{ username: 'yara', scopes: ['root'] }, 422],
    [{ username: 'yara', organization: 'default' }, 422],
    [{ username: 'yara', organization: 'absent', role: 'viewer' }, 404],
    [{ username: 'yara', role: 'absent' }, 404],
    [{ username: 'yara', display_name: 'a\u0000b' }, 400],
    [{ username: 'yara', password_hash: 'x' }, 400],
  ])('%j makes no user', async (payload, status) => {
    expect((await create(payload)).statusCode).toBe(status)
    expect((await app.asAdmin({ url: '/api/v1/users?q=yara' })).json()).toMatchObject({ total: 0 })
  })

  test('there is no password in any answer, in any form', async () => {
    const user = await create({ username: 'zara', password: PASSWORD, role: 'viewer' })
    const { id } = user.json<UserView>()
    const bodies = await Promise.all(
      ['/api/v1/users', `/api/v1/users/${id}`, '/api/v1/organizations/default/members', '/api/v1/audit?limit=100'].map(
        async (url) => (await app.asAdmin({ url })).body,
      ),
    )
    for (const body of [user.body, ...bodies]) expect(body).not.toMatch(/\$2[aby]\$|password_?hash|seven yellow/i)
  })
})

describe.each(DIALECTS)('users without local accounts on %s', (dialect) => {
  test('nobody gets a password', async () => {
    const change = (deps: AppDeps) => ({ ...deps, config: { ...deps.config, auth: { ...deps.config.auth, localAccounts: false } } })
    const app = await testApp(dialect, {}, { change })
    const manager = await addMember(app, { organization: 'default', username: 'umar', role: 'user_manager' })
    const ask = (payload: object) => manager.request({ method: 'POST', url: '/api/v1/users', payload })
    expect(codeOf(await ask({ username: 'mia', password: PASSWORD }))).toBe('LOCAL_ACCOUNTS_OFF')
    expect((await ask({ username: 'mia' })).statusCode).toBe(201)
  })
})
