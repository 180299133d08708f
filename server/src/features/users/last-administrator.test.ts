import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeJson } from '../../base/database/columns.ts'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type OpenTestApp, openTestApp, testApp } from '../../testing/test-app.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'
import type { UserView } from './user-views.ts'

const ROUNDS = 20
const REFUSED = { status: 409, code: 'LAST_ADMINISTRATOR' }
const MULTI_TENANT = { TFR_MULTI_TENANCY_ENABLED: 'true' }

const setScopes = (app: OpenTestApp, scopes: readonly string[], ids: readonly string[]) =>
  app.deps.database.db
    .updateTable('users')
    .set({ scopes: encodeJson(scopes), disabledAt: null })
    .where('id', 'in', [...ids])
    .execute()

/** A server, and a replica of it with connections of its own. */
async function openTwo(dialect: Dialect, env: Readonly<Record<string, string>> = {}) {
  const app = await openTestApp(dialect, env)
  const replica = await openTestApp(dialect, env, { beside: app })
  return { app, replica }
}

describe.each(DIALECTS)('the last administrator on %s', (dialect) => {
  let app: OpenTestApp
  let replica: OpenTestApp
  let [ada, eve]: TestMember[] = []
  const a = () => ada as TestMember
  const e = () => eve as TestMember
  beforeAll(async () => {
    ;({ app, replica } = await openTwo(dialect))
    ada = await addMember(app, { organization: 'default', username: 'ada', role: 'viewer' })
    eve = await addMember(app, { organization: 'default', username: 'eve', role: 'viewer' })
    await app.deps.database.db.deleteFrom('users').where('username', '=', 'admin').execute()
  })
  afterAll(async () => {
    await replica.close()
    await app.close()
  })

  test.each([
    ['loses no scopes', (id: string) => ({ method: 'PATCH', url: `/api/v1/users/${id}`, payload: { scopes: ['users:manage'] } })],
    ['is not disabled', (id: string) => ({ method: 'PATCH', url: `/api/v1/users/${id}`, payload: { disabled: true } })],
    ['is not deleted', (id: string) => ({ method: 'DELETE', url: `/api/v1/users/${id}` })],
  ] as const)('%s, and nothing of the change stays', async (_what, change) => {
    await setScopes(app, ['admin'], [a().userId])
    await setScopes(app, [], [e().userId])
    expect((await a().request(change(a().userId))).json()).toMatchObject(REFUSED)
    expect((await a().request({ url: `/api/v1/users/${a().userId}` })).json()).toMatchObject({ scopes: ['admin'], disabled: false })
    const audit = await a().request({ url: '/api/v1/audit?action=user.&object=ada&outcome=allowed' })
    expect(audit.json()).toMatchObject({ total: 0 })
  })

  test('a disabled administrator is none', async () => {
    await setScopes(app, ['admin'], [a().userId, e().userId])
    const disable = { method: 'PATCH', url: `/api/v1/users/${e().userId}`, payload: { disabled: true } } as const
    expect((await a().request(disable)).statusCode).toBe(200)
    expect((await a().request({ method: 'DELETE', url: `/api/v1/users/${a().userId}` })).json()).toMatchObject(REFUSED)
  })

  // Each of the two is harmless alone.
  test(`of two who demote each other on two replicas at once, one stays, ${ROUNDS} times`, async () => {
    const demote = (by: TestMember, whom: TestMember, through: OpenTestApp) =>
      through.request({
        method: 'PATCH',
        url: `/api/v1/users/${whom.userId}`,
        headers: { authorization: `Bearer ${by.key}` },
        payload: { scopes: [] },
      })
    for (let round = 0; round < ROUNDS; round += 1) {
      await setScopes(app, ['admin'], [a().userId, e().userId])
      const answers = await Promise.all([demote(a(), e(), app), demote(e(), a(), replica)])
      const left = await app.deps.database.db.selectFrom('users').select('id').where('scopes', '=', '["admin"]').execute()
      expect(left).toHaveLength(1)
      expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    }
  })
})

describe.each(DIALECTS)('an administrator by role on %s', (dialect) => {
  test('counts, and keeps the role while nobody else administers the registry', async () => {
    const app = await testApp(dialect)
    const ada = await addMember(app, { organization: 'default', username: 'ada', role: 'admin' })
    const [admin] = (await ada.request({ url: '/api/v1/users?q=admin' })).json<{ items: UserView[] }>().items
    expect((await ada.request({ method: 'DELETE', url: `/api/v1/users/${admin?.id}` })).statusCode).toBe(204)
    const own = `/api/v1/organizations/default/members/${ada.userId}`
    expect((await ada.request({ method: 'PUT', url: own, payload: { role: 'viewer' } })).json()).toMatchObject(REFUSED)
    expect((await ada.request({ method: 'DELETE', url: own })).json()).toMatchObject(REFUSED)
  })

  test('keeps it when the template of the role is changed', async () => {
    const app = await testApp(dialect)
    const ada = await addMember(app, { organization: 'default', username: 'ada', role: 'admin' })
    const roles = '/api/v1/organizations/default/role-templates'
    expect((await ada.request({ method: 'POST', url: roles, payload: { name: 'chief', scopes: ['admin'] } })).statusCode).toBe(201)
    const own = { url: `/api/v1/organizations/default/members/${ada.userId}`, payload: { role: 'chief' } }
    expect((await ada.request({ method: 'PUT', ...own })).statusCode).toBe(200)
    await app.deps.database.db.deleteFrom('users').where('username', '=', 'admin').execute()
    const narrow = {
      method: 'PATCH',
      url: '/api/v1/organizations/default/role-templates/chief',
      payload: { scopes: ['users:manage'] },
    } as const
    expect((await ada.request(narrow)).json()).toMatchObject(REFUSED)
    expect((await ada.request({ method: 'DELETE', url: `${roles}/chief` })).json()).toMatchObject({ code: 'ROLE_TEMPLATE_IN_USE' })
  })

  test('administers one organisation with several tenants, and that keeps its last one too', async () => {
    const app = await testApp(dialect, MULTI_TENANT)
    const ruby = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    const own = `/api/v1/organizations/red/members/${ruby.userId}`
    expect((await ruby.request({ method: 'DELETE', url: own })).json()).toMatchObject(REFUSED)
    const disable = { method: 'PATCH', url: `/api/v1/users/${ruby.userId}`, payload: { disabled: true } } as const
    expect((await app.asAdmin(disable)).json()).toMatchObject(REFUSED)
    await addMember(app, { organization: 'red', username: 'rosa', role: 'admin' })
    expect((await ruby.request({ method: 'DELETE', url: own })).statusCode).toBe(204)
  })

  test('of a tenant does not administer the registry', async () => {
    const app = await testApp(dialect, MULTI_TENANT)
    await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    await addMember(app, { organization: 'default', username: 'dora', role: 'admin' })
    const [admin] = (await app.asAdmin({ url: '/api/v1/users?q=admin' })).json<{ items: UserView[] }>().items
    expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/users/${admin?.id}` })).json()).toMatchObject(REFUSED)
  })
})
