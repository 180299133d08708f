import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'

const ABSENT = '01900000-0000-7000-8000-000000000000'

/** What of one tenant a request names. */
interface Named {
  readonly organization: string
  readonly userId: string
  readonly role: string
}

type Ask = (named: Named) => { readonly method: string; readonly url: string; readonly payload?: object }

const within = (path: string) => (organization: string) => `/api/v1/organizations/${organization}${path}`
const [MEMBERS, ROLES] = [within('/members'), within('/role-templates')]

/** Every id that the routes take, in each place: what belongs to the other tenant, asked for by an administrator of this one. */
const BY_ORGANIZATION: readonly (readonly [string, Ask])[] = [
  ['show', ({ organization }) => ({ method: 'GET', url: `/api/v1/organizations/${organization}` })],
  ['rename', ({ organization }) => ({ method: 'PATCH', url: `/api/v1/organizations/${organization}`, payload: { display_name: 'x' } })],
  ['list members', ({ organization }) => ({ method: 'GET', url: MEMBERS(organization) })],
  [
    'add a member',
    ({ organization }) => ({ method: 'POST', url: MEMBERS(organization), payload: { username: 'intruder', role: 'admin' } }),
  ],
  ['list roles', ({ organization }) => ({ method: 'GET', url: ROLES(organization) })],
  ['make a role', ({ organization }) => ({ method: 'POST', url: ROLES(organization), payload: { name: 'x', scopes: ['modules:read'] } })],
  [
    'change a member',
    ({ organization, userId }) => ({ method: 'PUT', url: `${MEMBERS(organization)}/${userId}`, payload: { role: 'viewer' } }),
  ],
  ['remove a member', ({ organization, userId }) => ({ method: 'DELETE', url: `${MEMBERS(organization)}/${userId}` })],
  ['change a role', ({ organization, role }) => ({ method: 'PUT', url: `${ROLES(organization)}/${role}`, payload: { description: 'x' } })],
  ['delete a role', ({ organization, role }) => ({ method: 'DELETE', url: `${ROLES(organization)}/${role}` })],
]
const IN_OWN: readonly (readonly [string, Ask])[] = [
  ['change a member of the other', ({ userId }) => ({ method: 'PUT', url: `${MEMBERS('blue')}/${userId}`, payload: { role: 'viewer' } })],
  ['remove a member of the other', ({ userId }) => ({ method: 'DELETE', url: `${MEMBERS('blue')}/${userId}` })],
  ['take in a user of the other', ({ userId }) => ({ method: 'POST', url: MEMBERS('blue'), payload: { user: userId, role: 'viewer' } })],
  ['give a role of the other', ({ role }) => ({ method: 'POST', url: MEMBERS('blue'), payload: { username: 'new', role } })],
  ['change a role of the other', ({ role }) => ({ method: 'PATCH', url: `${ROLES('blue')}/${role}`, payload: { description: 'x' } })],
  ['delete a role of the other', ({ role }) => ({ method: 'DELETE', url: `${ROLES('blue')}/${role}` })],
]

describe.each(DIALECTS)('two tenants on %s', (dialect) => {
  let app: OpenTestApp
  let blue: TestMember
  let secret: Named
  const absent: Named = { organization: 'absent', userId: ABSENT, role: ABSENT.replace('1', '2') }
  beforeAll(async () => {
    app = await openTestApp(dialect, { TFR_MULTI_TENANCY_ENABLED: 'true' })
    blue = await addMember(app, { organization: 'blue', username: 'bob', role: 'admin' })
    const other = await addMember(app, { organization: 'scarlet', username: 'ruby', role: 'admin' })
    const payload = { name: 'hidden', scopes: ['modules:read'] }
    const role = (await other.request({ method: 'POST', url: ROLES('scarlet'), payload })).json<{ id: string }>().id
    secret = { organization: 'scarlet', userId: other.userId, role }
  })
  afterAll(() => app.close())

  /** What an answer tells, without the words of the question. */
  async function told(ask: Ask, named: Named) {
    const response = await blue.request(ask(named) as object)
    const { date: _date, 'x-request-id': _id, 'content-length': _length, ...headers } = response.headers
    const body = [named.organization, named.userId, named.role]
      .reduce((text, word) => text.replaceAll(word, 'NAME'), response.body)
      .replace(/"requestId":"[^"]*"/, '')
    return { status: response.statusCode, headers, body }
  }

  const stateOfOther = async () => {
    const urls = ['/api/v1/organizations/scarlet', MEMBERS('scarlet'), ROLES('scarlet')]
    return await Promise.all(urls.map(async (url) => (await app.asAdmin({ url })).body))
  }

  // reliability.md row 26.
  test.each([...BY_ORGANIZATION, ...IN_OWN])('%s: answers as for what does not exist, and changes nothing', async (_what, ask) => {
    const before = await stateOfOther()
    const answer = await told(ask, secret)
    expect(answer.status).toBe(404)
    expect(answer).toEqual(await told(ask, absent))
    expect(await stateOfOther()).toEqual(before)
  })

  test.each([
    ['GET', ''],
    ['GET', '/:id'],
    ['POST', ''],
    ['PATCH', '/:id'],
    ['DELETE', '/:id'],
  ] as const)('%s /api/v1/users%s is for those of the whole registry', async (method, path) => {
    const ask: Ask = ({ userId }) => {
      const payload = method === 'POST' ? { username: 'x' } : { display_name: 'x' }
      return { method, url: `/api/v1/users${path.replace(':id', userId)}`, ...(/^P/.test(method) && { payload }) }
    }
    const answer = await told(ask, secret)
    expect(answer.status).toBe(403)
    expect(answer).toEqual(await told(ask, absent))
  })

  test('lists show nothing of the other tenant', async () => {
    for (const url of ['/api/v1/organizations', MEMBERS('blue'), ROLES('blue'), '/api/v1/role-templates']) {
      const { body, statusCode } = await blue.request({ url, query: { limit: '100' } })
      expect([statusCode, /ruby|hidden|scarlet/.test(body)]).toEqual([200, false])
    }
  })
})
