import type { HTTPMethods } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { csrfTokenOf } from '../base/http/csrf.ts'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { matchRows, type RouteRow } from './compare-table.ts'
import { addKey, addOwner, addSession } from './credentials.ts'
import { decide, type Verdict, type Worth } from './decide.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { pathOfRoute, type RouteWatch, type WatchedRoute, watchRoutes } from './route-watch.ts'

type Headers = Readonly<Record<string, string>>

const ADMIN: Worth = { registry: ['admin'], organization: [], isSession: true }

/** Clients of the protocols have no cookies, and none counts there. */
const isProtocol = (url: string) => /^\/(v1|files|\.well-known)\//.test(url)

/** Routes whose form carries the CSRF token, or which find out by themselves who sits at the browser. */
const readsForms = (url: string) => url.startsWith('/oauth/')

const isChange = ({ method }: WatchedRoute) => !['GET', 'HEAD', 'OPTIONS'].includes(method)

// reliability.md row 34.
describe('the authorisation matrix for browsers', () => {
  let app: OpenTestApp
  let watch: RouteWatch
  let owner: string
  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp('sqlite', EVERYTHING_ON)
    owner = await addOwner(app, { scopes: ['admin'] })
  })
  afterAll(async () => {
    watch.stop()
    await app.close()
  })

  /** A browser that is signed in; a new session each time, since it may end with the request. */
  async function signedIn({ csrf = false }: { readonly csrf?: boolean } = {}): Promise<Headers> {
    const { token, id } = await addSession(app, { userId: owner })
    const csrfToken = csrfTokenOf(app.deps.secrets.csrfKey, id)
    return { cookie: `terrace_session=${token}`, ...(csrf && { 'x-csrf-token': csrfToken }) }
  }

  async function isReached({ method, url }: WatchedRoute, headers: Headers): Promise<boolean> {
    watch.takeReached()
    await app.request({ method: method as 'GET', url: pathOfRoute(url), headers: { host: 'localhost', ...headers } })
    return watch.takeReached().length > 0
  }

  /** Routes for which being reached is not what was expected. */
  async function differences(headers: () => Promise<Headers>, expected: (row: RouteRow) => Verdict): Promise<string[]> {
    const found: string[] = []
    for (const row of matchRows(watch.routes).filter(({ route }) => !readsForms(route.url))) {
      const reached = await isReached(row.route, await headers())
      if (reached !== (expected(row) === 'passes')) found.push(`${row.route.name}: ${reached ? 'reached' : 'refused'}`)
    }
    return found
  }

  const asNobody = ({ caller }: RouteRow) => decide(caller, 'none')
  const asWrong = (row: RouteRow) => (isProtocol(row.route.url) ? asNobody(row) : decide(row.caller, 'wrong'))

  test('a cookie with its CSRF token is worth what the session is, but nothing on the protocols', async () => {
    const expected = (row: RouteRow) => (isProtocol(row.route.url) ? asNobody(row) : decide(row.caller, ADMIN))
    expect(await differences(() => signedIn({ csrf: true }), expected)).toEqual([])
  })

  const needsPage = (row: RouteRow): Verdict => {
    if (isProtocol(row.route.url)) return asNobody(row)
    return isChange(row.route) && row.caller !== 'public' ? 403 : decide(row.caller, ADMIN)
  }

  test('a cookie alone changes nothing', async () => {
    expect(await differences(() => signedIn(), needsPage)).toEqual([])
  })

  test.each([
    ['a token of another session', { 'x-csrf-token': 'x'.repeat(43) }],
    ['a page of another address', { origin: 'https://evil.example.com' }],
    ['a page that may only read', { origin: 'https://portal.example.com' }],
    ['a page without an address', { origin: 'null' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of a neighbouring host', { 'sec-fetch-site': 'same-site' }],
  ])('a cookie with %s changes nothing', async (_what, more) => {
    expect(await differences(async () => ({ ...(await signedIn({ csrf: true })), ...(more as Headers) }), needsPage)).toEqual([])
  })

  test('an API key in the cookie is refused', async () => {
    const key = await addKey(app, { userId: owner })
    expect(await differences(async () => ({ cookie: `terrace_session=${key}` }), asWrong)).toEqual([])
  })

  test('of two cookies neither is believed', async () => {
    const twice = async () => {
      const { cookie = '', ...rest } = await signedIn({ csrf: true })
      return { ...rest, cookie: `${cookie}; ${cookie}` }
    }
    expect(await differences(twice, asWrong)).toEqual([])
  })

  test('whoever sends a wrong token is not saved by the cookie', async () => {
    const both = async () => ({ ...(await signedIn({ csrf: true })), authorization: 'Bearer nonsense' })
    expect(await differences(both, ({ caller }) => decide(caller, 'wrong'))).toEqual([])
  })

  // requirements.md AUT: a form of another site cannot choose these methods or types, and a link can only read.
  test('nothing is changed by a method that a link or an image can send', () => {
    const changing = ['POST', 'PUT', 'PATCH', 'DELETE']
    const reading = watch.routes.filter(({ method }) => !changing.includes(method as HTTPMethods))
    expect(new Set(reading.map(({ method }) => method))).toEqual(new Set(['GET', 'OPTIONS']))
  })
})

describe('the authorisation matrix without anonymous reading', () => {
  let app: OpenTestApp
  let watch: RouteWatch
  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp('sqlite', { ...EVERYTHING_ON, TFR_AUTH_ANONYMOUS_READ: 'false' })
  })
  afterAll(async () => {
    watch.stop()
    await app.close()
  })

  test('whoever sends no credential is refused wherever a credential counts at all', async () => {
    const found: string[] = []
    for (const { route, caller } of matchRows(watch.routes)) {
      const { name, method, url } = route
      const expected = caller === 'public' || caller === 'signed link'
      watch.takeReached()
      const { statusCode } = await app.request({ method: method as 'GET', url: pathOfRoute(url) })
      const reached = watch.takeReached().length > 0
      if (reached !== expected || (!expected && statusCode !== 401)) found.push(`${name}: ${statusCode}`)
    }
    expect(found).toEqual([])
  })
})
