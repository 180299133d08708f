import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { publishRequest } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp, testApp } from '../../testing/test-app.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'

const MULTI_TENANT = { TFR_MULTI_TENANCY_ENABLED: 'true' }
const BASE = '/api/v1/organizations'
const codeOf = (response: { json<T>(): T }) => response.json<{ code: string }>().code

describe.each(DIALECTS)('organisations of several tenants on %s', (dialect) => {
  let app: OpenTestApp
  let red: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect, MULTI_TENANT)
    red = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    await addMember(app, { organization: 'blue', username: 'bob', role: 'admin' })
  })
  afterAll(() => app.close())

  const create = (payload: object) => app.asAdmin({ method: 'POST', url: BASE, payload })
  const namesFor = async (url: string, as?: TestMember) => {
    const response = await (as === undefined ? app.asAdmin({ url }) : as.request({ url }))
    return response.json<{ items: { name: string }[] }>().items.map(({ name }) => name)
  }

  test('an administrator makes one, and its name is in lower case and taken', async () => {
    const response = await create({ name: 'Green', display_name: 'Green & Co' })
    expect([response.statusCode, response.json()]).toMatchObject([
      201,
      { name: 'green', display_name: 'Green & Co', members: 0, namespaces: 0, created_by: 'admin' },
    ])
    expect(codeOf(await create({ name: 'GREEN' }))).toBe('ORGANIZATION_EXISTS')
    const audit = await app.asAdmin({ url: '/api/v1/audit?action=organization.create&outcome=allowed' })
    expect(audit.json()).toMatchObject({ items: [{ object: 'green' }] })
  })

  test.each(['', '-a', 'a b', '../x', 'new', 'System', 'a'.repeat(65)])('%j is no name for one', async (name) => {
    expect([400, 422]).toContain((await create({ name })).statusCode)
  })

  test('somebody sees those they have a role in, an administrator of the registry all', async () => {
    expect(await namesFor(BASE, red)).toEqual(['red'])
    expect(await namesFor(BASE)).toEqual(expect.arrayContaining(['blue', 'default', 'red']))
    expect((await red.request({ url: `${BASE}/RED` })).json()).toMatchObject({ name: 'red', members: 1 })
  })

  test.each([
    ['%', []],
    ['_', []],
    ["' or 1=1 --", []],
    ['RE', ['red']],
  ])('a search for %j finds %j', async (q, names) => {
    await create({ name: 'gold' })
    expect((await namesFor(`${BASE}?q=${encodeURIComponent(q)}`, red)).sort()).toEqual(names)
  })

  test('its administrator gives it another display name, and makes and deletes none', async () => {
    expect((await red.request({ method: 'PATCH', url: `${BASE}/red`, payload: { display_name: 'Red Ltd' } })).statusCode).toBe(204)
    expect((await red.request({ url: `${BASE}/red` })).json()).toMatchObject({ display_name: 'Red Ltd' })
    const answers = [
      await red.request({ method: 'POST', url: BASE, payload: { name: 'mine' } }),
      await red.request({ method: 'DELETE', url: `${BASE}/red` }),
    ]
    expect(answers.map(codeOf)).toEqual(['SCOPE_MISSING', 'SCOPE_MISSING'])
  })

  test('one that publishes something is not deleted, nor is the default one', async () => {
    const gray = await addMember(app, { organization: 'gray', username: 'greta', role: 'admin' })
    expect((await gray.request(await publishRequest({ name: 'slate/widget' }))).statusCode).toBe(201)
    const remove = (name: string) => app.asAdmin({ method: 'DELETE', url: `${BASE}/${name}` })
    expect([codeOf(await remove('gray')), codeOf(await remove('default'))]).toEqual(['ORGANIZATION_IN_USE', 'ORGANIZATION_IN_USE'])
    expect((await gray.request({ url: `${BASE}/gray` })).statusCode).toBe(200)
  })

  test('a deleted one takes roles along, leaves the users, and keeps the names of its namespaces taken', async () => {
    const teal = await addMember(app, { organization: 'teal', username: 'tim', role: 'admin' })
    const namespace = { method: 'POST', url: '/api/v1/namespaces', payload: { name: 'cyan', organization: 'teal' } } as const
    const roles = `${BASE}/teal/role-templates`
    expect((await teal.request(namespace)).statusCode).toBe(201)
    expect((await teal.request({ method: 'POST', url: roles, payload: { name: 'own', scopes: ['modules:read'] } })).statusCode).toBe(201)
    await addMember(app, { organization: 'teal', username: 'tina', role: 'viewer' })
    expect((await app.asAdmin({ method: 'DELETE', url: `${BASE}/teal` })).statusCode).toBe(204)
    expect((await teal.request({ url: BASE })).json()).toMatchObject({ total: 0 })
    expect((await app.asAdmin({ url: `/api/v1/users/${teal.userId}` })).json()).toMatchObject({ username: 'tim', roles: [] })
    const again = { ...namespace, payload: { name: 'cyan' } }
    expect(codeOf(await app.asAdmin(again))).toBe('NAMESPACE_TAKEN')
    expect(codeOf(await app.asAdmin({ method: 'DELETE', url: `${BASE}/teal` }))).toBe('ORGANIZATION_NOT_FOUND')
  })
})

describe.each(DIALECTS)('the organisation of one tenant on %s', (dialect) => {
  test('stays the only one, and everybody who has signed in sees it', async () => {
    const app = await testApp(dialect)
    const response = await app.asAdmin({ method: 'POST', url: BASE, payload: { name: 'second' } })
    expect([response.statusCode, response.json()]).toMatchObject([
      409,
      { code: 'MULTI_TENANCY_OFF', hint: expect.stringContaining('multi_tenancy.enabled') },
    ])
    const viewer = await addMember(app, { organization: 'default', username: 'vera', role: 'viewer' })
    expect((await viewer.request({ url: BASE })).json()).toMatchObject({ total: 1, items: [{ name: 'default' }] })
    expect((await app.request({ url: BASE })).statusCode).toBe(401)
  })
})
