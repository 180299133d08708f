import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SYSTEM_ROLE_TEMPLATES } from '../../../base/database/seed-rows.ts'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { addMember, type TestMember } from '../../../testing/test-tenants.ts'

const MULTI_TENANT = { TFR_MULTI_TENANCY_ENABLED: 'true' }
const RED = '/api/v1/organizations/red'
const ROLES = `${RED}/role-templates`
const codeOf = (response: { json<T>(): T }) => response.json<{ code: string }>().code
const adminTemplate = SYSTEM_ROLE_TEMPLATES.find(({ name }) => name === 'admin')

describe.each(DIALECTS)('role templates on %s', (dialect) => {
  let app: OpenTestApp
  let replica: OpenTestApp
  let red: TestMember
  let manager: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect, MULTI_TENANT)
    replica = await openTestApp(dialect, MULTI_TENANT, { beside: app })
    red = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    manager = await addMember(app, { organization: 'red', username: 'max', role: 'user_manager' })
  })
  afterAll(async () => {
    await replica.close()
    await app.close()
  })

  const create = (payload: object, by = red) => by.request({ method: 'POST', url: ROLES, payload })

  test('those of the product are listed for everybody who has signed in', async () => {
    const { items } = (await manager.request({ url: '/api/v1/role-templates' })).json<{ items: { name: string; system: boolean }[] }>()
    expect(items.map(({ name }) => name)).toEqual(['admin', 'auditor', 'devops', 'publisher', 'user_manager', 'viewer'])
    expect(items.every(({ system }) => system)).toBe(true)
    expect((await manager.request({ url: '/api/v1/role-templates?q=mirrors' })).json()).toMatchObject({ total: 1 })
  })

  test('an organisation makes, lists, changes and deletes its own', async () => {
    const payload = { name: 'Release', description: 'Publishes modules', scopes: ['modules:write', 'modules:write'] }
    const response = await create(payload)
    expect([response.statusCode, response.json()]).toMatchObject([201, { name: 'release', scopes: ['modules:write'], system: false }])
    const role = `${ROLES}/release`
    expect((await red.request({ method: 'PUT', url: role, payload: { description: 'x' } })).json()).toMatchObject({
      description: 'x',
      scopes: ['modules:write'],
    })
    expect((await red.request({ url: ROLES })).json()).toMatchObject({ total: 1, items: [{ name: 'release' }] })
    expect(codeOf(await create(payload))).toBe('ROLE_TEMPLATE_EXISTS')
    expect((await red.request({ method: 'DELETE', url: role })).statusCode).toBe(204)
    expect(codeOf(await red.request({ method: 'DELETE', url: role }))).toBe('ROLE_TEMPLATE_NOT_FOUND')
  })

  // requirements.md RBA-06.
  test('a change acts on the next request, on another replica too', async () => {
    await create({ name: 'tuned', scopes: ['users:read'] })
    const member = await addMember(app, { organization: 'red', username: 'tom', role: 'viewer' })
    const assign = { method: 'PUT', url: `${RED}/members/${member.userId}`, payload: { role: 'tuned' } } as const
    const list = async (through: OpenTestApp) =>
      (await through.request({ url: `${RED}/members`, headers: { authorization: `Bearer ${member.key}` } })).statusCode
    expect([await list(app), await list(replica)]).toEqual([403, 403])
    expect((await red.request(assign)).statusCode).toBe(200)
    expect([await list(replica), await list(app)]).toEqual([200, 200])
    expect((await red.request({ method: 'PATCH', url: `${ROLES}/tuned`, payload: { scopes: ['modules:read'] } })).statusCode).toBe(200)
    expect([await list(replica), await list(app)]).toEqual([403, 403])
  })

  test('one that members have is not deleted, and the answer says how many', async () => {
    await create({ name: 'worn', scopes: ['modules:read'] })
    for (const username of ['wim', 'wes']) {
      const member = await addMember(app, { organization: 'red', username, role: 'viewer' })
      await red.request({ method: 'PUT', url: `${RED}/members/${member.userId}`, payload: { role: 'worn' } })
    }
    const response = await red.request({ method: 'DELETE', url: `${ROLES}/worn` })
    expect(response.json()).toMatchObject({ code: 'ROLE_TEMPLATE_IN_USE', status: 409, context: { members: 2 } })
  })

  test('nobody makes one that allows more than they may, nor touches one', async () => {
    await create({ name: 'strong', scopes: ['modules:write'] })
    const strong = `${ROLES}/strong`
    const answers = [
      await create({ name: 'mine', scopes: ['admin'] }, manager),
      await create({ name: 'mine', scopes: ['modules:write'] }, manager),
      await manager.request({ method: 'PATCH', url: strong, payload: { scopes: ['modules:read'] } }),
      await manager.request({ method: 'PATCH', url: strong, payload: { description: 'x' } }),
      await manager.request({ method: 'DELETE', url: strong }),
    ]
    expect(answers.map(codeOf)).toEqual(Array(5).fill('SCOPE_MISSING'))
    expect((await create({ name: 'mine', scopes: ['modules:read'] }, manager)).statusCode).toBe(201)
  })

  test('those of the product stay as they are', async () => {
    const url = `${ROLES}/${adminTemplate?.id}`
    const answers = [
      await red.request({ method: 'PATCH', url, payload: { scopes: ['modules:read'] } }),
      await app.asAdmin({ method: 'PATCH', url, payload: { description: 'x' } }),
      await app.asAdmin({ method: 'DELETE', url: `${ROLES}/viewer` }),
    ]
    expect(answers.map(codeOf)).toEqual(Array(3).fill('ROLE_TEMPLATE_FIXED'))
    expect(codeOf(await create({ name: 'Admin', scopes: ['modules:read'] }))).toBe('ROLE_TEMPLATE_EXISTS')
  })

  test('one with the name of another one does not take its place', async () => {
    const id = String(adminTemplate?.id)
    expect((await create({ name: id, scopes: ['modules:read'] })).statusCode).toBe(201)
    const member = await addMember(app, { organization: 'red', username: 'ida', role: 'viewer' })
    const response = await red.request({ method: 'PUT', url: `${RED}/members/${member.userId}`, payload: { role: id } })
    expect(response.json()).toMatchObject({ role: { id, name: 'admin' } })
  })

  test.each([{ name: 'x', scopes: [] }, { name: 'x', scopes: ['root'] }, { name: 'a b', scopes: ['modules:read'] }, { name: 'x' }])(
    '%j makes none',
    async (payload) => {
      expect([400, 422]).toContain((await create(payload)).statusCode)
    },
  )
})
