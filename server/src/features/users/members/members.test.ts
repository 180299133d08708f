import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { addMember, type TestMember } from '../../../testing/test-tenants.ts'

const MULTI_TENANT = { TFR_MULTI_TENANCY_ENABLED: 'true' }
const MEMBERS = '/api/v1/organizations/red/members'
const PASSWORD = 'seven yellow bicycles'
const codeOf = (response: { json<T>(): T }) => response.json<{ code: string }>().code

describe.each(DIALECTS)('members on %s', (dialect) => {
  let app: OpenTestApp
  let red: TestMember
  let manager: TestMember
  let blue: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect, MULTI_TENANT)
    red = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    manager = await addMember(app, { organization: 'red', username: 'max', role: 'user_manager' })
    blue = await addMember(app, { organization: 'blue', username: 'bob', role: 'admin' })
  })
  afterAll(() => app.close())

  const add = (payload: object, by: Pick<TestMember, 'request'> = red) => by.request({ method: 'POST', url: MEMBERS, payload })
  const setRole = (id: string, role: string, by = red) => by.request({ method: 'PUT', url: `${MEMBERS}/${id}`, payload: { role } })

  test('a new one signs in, and has the role in this organisation only', async () => {
    const response = await add({ username: 'nina', display_name: 'Nina', password: PASSWORD, role: 'publisher' })
    expect([response.statusCode, response.json()]).toMatchObject([
      201,
      { username: 'nina', display_name: 'Nina', role: { name: 'publisher' }, granted_by: null, disabled: false },
    ])
    const login = await app.request({ method: 'POST', url: '/api/v1/auth/login', payload: { username: 'nina', password: PASSWORD } })
    const headers = { authorization: `Bearer ${login.json<{ token: string }>().token}` }
    expect((await app.request({ url: '/api/v1/auth/me', headers })).json()).toMatchObject({
      scopes: [],
      organizations: [{ name: 'red', role: 'publisher', scopes: expect.arrayContaining(['modules:write']) }],
    })
    const names = (await app.request({ url: '/api/v1/organizations', headers })).json<{ items: { name: string }[] }>()
    expect(names.items.map(({ name }) => name)).toEqual(['red'])
  })

  test('somebody is a member once', async () => {
    expect(codeOf(await add({ user: red.userId, role: 'viewer' }))).toBe('MEMBER_EXISTS')
    expect(codeOf(await add({ username: 'RUBY', role: 'viewer' }))).toBe('USER_EXISTS')
  })

  test('whoever sees all users adds them by name', async () => {
    const administrator = { request: (options: object) => app.asAdmin(options) } as Pick<TestMember, 'request'>
    expect((await add({ user: 'Bob', role: 'viewer' }, administrator)).statusCode).toBe(201)
    expect((await blue.request({ url: '/api/v1/organizations' })).json()).toMatchObject({ total: 2 })
    expect((await red.request({ method: 'DELETE', url: `${MEMBERS}/${blue.userId}` })).statusCode).toBe(204)
    expect((await blue.request({ url: '/api/v1/organizations' })).json()).toMatchObject({ total: 1 })
  })

  test('a role given by hand is no longer one that groups gave', async () => {
    const member = await addMember(app, { organization: 'red', username: 'gus', role: 'viewer' })
    await app.deps.database.db
      .updateTable('organizationMembers')
      .set({ grantedBy: 'https://idp.example.com' })
      .where('userId', '=', member.userId)
      .execute()
    expect((await red.request({ url: `${MEMBERS}?q=gus` })).json()).toMatchObject({ items: [{ granted_by: 'https://idp.example.com' }] })
    expect((await setRole(member.userId, 'publisher')).json()).toMatchObject({ granted_by: null, role: { name: 'publisher' } })
  })

  test('a manager gives no role that allows more than their own, and takes none', async () => {
    const publisher = await addMember(app, { organization: 'red', username: 'paul', role: 'publisher' })
    const viewer = await addMember(app, { organization: 'red', username: 'vera', role: 'viewer' })
    const answers = [
      await add({ username: 'new', role: 'admin' }, manager),
      await setRole(viewer.userId, 'publisher', manager),
      await setRole(manager.userId, 'admin', manager),
      await setRole(publisher.userId, 'viewer', manager),
      await setRole(red.userId, 'viewer', manager),
      await manager.request({ method: 'DELETE', url: `${MEMBERS}/${red.userId}` }),
    ]
    expect(answers.map(codeOf)).toEqual(Array(6).fill('SCOPE_MISSING'))
    expect((await setRole(viewer.userId, 'user_manager', manager)).statusCode).toBe(200)
  })

  test('who manages one organisation prepares no account that another person signs in to', async () => {
    const both = { username: 'trap', email: 'victim@example.com', password: PASSWORD, role: 'viewer' }
    expect(codeOf(await add(both))).toBe('RULE_BROKEN')
    const administrator = { request: (options: object) => app.asAdmin(options) } as Pick<TestMember, 'request'>
    expect((await add(both, administrator)).statusCode).toBe(201)
  })

  test.each([
    ['%', 0],
    ['_', 0],
    ["') or 1=1 --", 0],
    ['RUBY', 1],
  ])('a search for %j finds %d', async (q, total) => {
    expect((await red.request({ url: MEMBERS, query: { q } })).json()).toMatchObject({ total })
  })

  test.each([
    [{ role: 'viewer' }, 'RULE_BROKEN'],
    [{ user: 'ruby', username: 'x', role: 'viewer' }, 'RULE_BROKEN'],
    [{ user: 'ruby', password: PASSWORD, role: 'viewer' }, 'RULE_BROKEN'],
    [{ username: 'x', role: 'absent' }, 'ROLE_TEMPLATE_NOT_FOUND'],
    [{ user: 'absent', role: 'viewer' }, 'USER_NOT_FOUND'],
  ])('%j adds nobody', async (payload, code) => {
    expect(codeOf(await add(payload))).toBe(code)
    expect((await app.asAdmin({ url: '/api/v1/users?q=x' })).json()).not.toMatchObject({ items: [{ username: 'x' }] })
  })
})
