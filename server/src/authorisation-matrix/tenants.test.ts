import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { matchRows, type RouteRow } from './compare-table.ts'
import { addSession } from './credentials.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { BLUE, type ForeignObject, NO_ID, openTenants, type Tenants, type Values } from './foreign-objects.ts'
import { pathOfRoute, type RouteWatch, watchRoutes } from './route-watch.ts'

type Headers = Readonly<Record<string, string>>

/** Bodies and queries that the routes accept: else they would refuse before they look for the object. */
const BODIES: Readonly<Record<string, object>> = {
  'PUT /api/v1/users/:id/password': { new_password: 'staple battery horse' },
  'PATCH /api/v1/users/:id': { display_name: 'x' },
  'PUT /api/v1/users/:id': { display_name: 'x' },
  'PUT /api/v1/apikeys/:id': { name: 'x' },
  'PUT /api/v1/api-keys/:id': { name: 'x' },
  'PATCH /api/v1/organizations/:name': { display_name: 'x' },
  'PUT /api/v1/organizations/:name': { display_name: 'x' },
  'POST /api/v1/organizations/:name/members': { username: 'bob', role: 'viewer' },
  'PUT /api/v1/organizations/:name/members/:user_id': { role: 'viewer' },
  'POST /api/v1/organizations/:name/role-templates': { name: 'x', scopes: ['modules:read'] },
  'PATCH /api/v1/organizations/:name/role-templates/:role': { description: 'x' },
  'PUT /api/v1/organizations/:name/role-templates/:role': { description: 'x' },
  'PATCH /api/v1/namespaces/:name': { visibility: 'public' },
  'PATCH /api/v1/trust-rules/:id': { enabled: false },
  'PATCH /api/v1/modules/:namespace/:name/:system': { deprecated: true },
  'PATCH /api/v1/modules/:namespace/:name/:system/:version': { deprecated: true },
  'DELETE /api/v1/modules/:namespace/:name/:system': { reason: 'x' },
  'DELETE /api/v1/modules/:namespace/:name/:system/:version': { reason: 'x' },
  'PATCH /api/v1/admin/mirror-policies/:id': { enabled: true },
  'PATCH /api/v1/admin/mirrors/:id': { enabled: false },
  'POST /api/v1/admin/quarantine/:id/release': { reason: 'x' },
  'PATCH /api/v1/admin/providers/:id': { blocked: true },
  'PATCH /admin/api/providers/:id': { blocked: true },
}
const QUERIES: Readonly<Record<string, string>> = {
  'GET /api/v1/modules/:namespace/:name/:system/diff': '?from=1.0.0&to=1.0.0',
}

/** Lists, which are empty where there is nothing. */
const LISTS = ['GET /v1/modules/:namespace', 'GET /v1/modules/:namespace/:name']

/** What an answer tells, without what differs in any two answers and without the names that were asked for. */
function told({ statusCode, headers, body }: LightMyRequestResponse, values: Values) {
  const { date: _date, 'x-request-id': _id, 'content-length': _length, ...rest } = headers
  const text = Object.values(values).reduce((whole, value) => whole.replaceAll(value, 'VALUE'), body)
  return { status: statusCode, headers: rest, body: text.replace(/"requestId":"[^"]*"/, '') }
}

// reliability.md rows 26 and 29.
describe.each(DIALECTS)('what belongs to another organisation, on %s', (dialect) => {
  let app: OpenTestApp
  let watch: RouteWatch
  let tenants: Tenants
  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp(dialect, EVERYTHING_ON)
    tenants = await openTenants(app)
  })
  afterAll(async () => {
    watch.stop()
    await app.close()
  })

  /** Routes that name one object; what is kept of the upstreams' modules is nobody's. */
  const naming = (): RouteRow[] =>
    matchRows(watch.routes)
      .filter(({ route, caller }) => route.url.includes(':') && caller !== 'public' && caller !== 'signed link')
      .filter(({ route }) => !route.url.startsWith('/v1/upstream/'))
  const objectsOf = ({ route }: RouteRow): ForeignObject[] => tenants.objects.filter(({ prefix }) => route.url.startsWith(prefix))

  interface Naming extends ForeignObject {
    readonly row: RouteRow
  }

  /** The same, with each object that they may name. */
  const namings = (): Naming[] => naming().flatMap((row) => objectsOf(row).map((object) => ({ ...object, row })))

  const ask = ({ route }: RouteRow, values: Values, headers: Headers) => {
    const payload = BODIES[route.name] ?? (route.readsJson ? {} : undefined)
    const url = pathOfRoute(route.url, values) + (QUERIES[route.name] ?? '')
    return app.request({ method: route.method as 'GET', url, headers: { host: 'localhost', ...headers }, ...(payload && { payload }) })
  }

  async function sessionOf(userId: string): Promise<Headers> {
    return { authorization: `Bearer ${(await addSession(app, { userId })).token}` }
  }

  /** Whoever administers the whole registry sees what there is. */
  async function asAdministrator(): Promise<Headers> {
    const user = await app.deps.database.db.selectFrom('users').select('id').where('username', '=', 'admin').executeTakeFirstOrThrow()
    return sessionOf(user.id)
  }

  test('the test knows a foreign object for every route that names one', () => {
    expect(
      naming()
        .filter((row) => objectsOf(row).length === 0)
        .map(({ route }) => route.name),
    ).toEqual([])
  })

  // Without it an answer could be the same for a reason that comes before the object is looked for.
  test('what does not exist is looked for and not found', async () => {
    const found: string[] = []
    const headers = await asAdministrator()
    for (const { row, missing } of namings()) {
      const { statusCode } = await ask(row, missing, headers)
      if (statusCode !== (LISTS.includes(row.route.name) ? 200 : 404)) found.push(`${row.route.name}: ${statusCode}`)
    }
    expect(found).toEqual([])
  })

  async function unreadable(): Promise<string[]> {
    const found: string[] = []
    const [administrator, owner] = [await asAdministrator(), await sessionOf(tenants.red.userId)]
    for (const { row, theirs } of namings().filter((one) => one.row.route.method === 'GET')) {
      const { statusCode } = await ask(row, theirs, row.caller.endsWith('in the registry') ? administrator : owner)
      if (statusCode >= 400) found.push(`${row.route.name}: ${statusCode}`)
    }
    return found
  }

  test('it is there for those whom it belongs to', async () => {
    expect(await unreadable()).toEqual([])
  })

  test.each([
    ['a key', async () => ({ authorization: `Bearer ${tenants.blue.key}` })],
    ['a session', () => sessionOf(tenants.blue.userId)],
    ['nothing', async () => ({})],
  ])('it answers whoever comes from elsewhere with %s exactly as if it did not exist', async (_what, credential) => {
    const differences: object[] = []
    for (const { row, theirs, missing } of namings()) differences.push(...(await differenceOf(row, { theirs, missing, credential })))
    expect(differences).toEqual([])
  })

  interface Pair extends Pick<ForeignObject, 'theirs' | 'missing'> {
    readonly credential: () => Promise<Headers>
  }

  async function differenceOf(row: RouteRow, { theirs, missing, credential }: Pair): Promise<object[]> {
    const hidden = told(await ask(row, theirs, await credential()), theirs)
    const absent = told(await ask(row, missing, await credential()), missing)
    return JSON.stringify(hidden) === JSON.stringify(absent) ? [] : [{ route: row.route.name, hidden, absent }]
  }

  test('none of these requests has changed anything', async () => {
    expect(await unreadable()).toEqual([])
  })

  test('a member or a role of theirs is not reached by way of one own organisation', async () => {
    const { red, blue } = tenants
    const theirs = { name: BLUE, user_id: red.userId, role: 'master-painter' }
    const missing = { name: BLUE, user_id: NO_ID, role: 'nobodys-role' }
    const nested = naming().filter(({ route }) => /^\/api\/v1\/organizations\/:name\/.*:/.test(route.url))
    const differences: object[] = []
    for (const row of nested) {
      const credential = async () => ({ authorization: `Bearer ${blue.key}` })
      differences.push(...(await differenceOf(row, { theirs, missing, credential })))
    }
    expect(nested.length).toBeGreaterThan(0)
    expect(differences).toEqual([])
  })
})
