import type { HTTPMethods, InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { compareTable, matchRows, type RouteRow } from './compare-table.ts'
import { type CredentialKind, credentialKinds } from './credential-kinds.ts'
import { decide, scopeOf, type Verdict } from './decide.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { type Caller, EXPECTATIONS, PUBLIC_CHANGES, READERS_SEND } from './expectations.ts'
import { pathOfRoute, type RouteWatch, type WatchedRoute, watchRoutes } from './route-watch.ts'

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
// Thousands of requests on a small machine.
const TIMEOUT_MS = 120_000

/** Bodies that get as far as the handler, where it is the handler that refuses. */
const BODIES: Readonly<Record<string, object>> = {
  'PUT /api/v1/auth/password': { current_password: 'correct horse battery', new_password: 'staple battery horse' },
}

// reliability.md rows 25 and 26.
describe('the authorisation matrix', () => {
  let app: OpenTestApp
  let watch: RouteWatch
  let kinds: readonly CredentialKind[]
  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp('sqlite', EVERYTHING_ON)
    kinds = await credentialKinds(app)
  })
  afterAll(async () => {
    watch.stop()
    await app.close()
  })

  test('every route has a row that says what it asks for, and every row has a route', () => {
    expect(compareTable(watch.routes, EXPECTATIONS)).toEqual([])
  })

  test('a route without a row, a row without a route, and a wrong row are found', () => {
    const route = { name: 'GET /new', settings: { requires: 'audit:read' } } as const
    expect(compareTable([route], {})).toEqual(['GET /new: has no row in expectations.ts; it asks for "audit:read in the registry"'])
    expect(compareTable([], { 'GET /old': 'public' })).toEqual(['GET /old: is in the table, but there is no such route'])
    expect(compareTable([route], { 'GET /new': 'audit:read in an organisation' })).toHaveLength(1)
  })

  // reliability.md row 26: PyPI TOB-PYPI26-8.
  test('whatever changes something needs more than reading', () => {
    const changes = Object.entries(EXPECTATIONS).filter(([name]) => !SAFE_METHODS.includes(name.split(' ')[0] ?? ''))
    const open = changes.filter(([, caller]) => ['public', 'signed link', 'anyone'].includes(caller))
    expect(open.map(([name]) => name).sort()).toEqual([...PUBLIC_CHANGES].sort())
    const byReaders = changes.filter(([, caller]) => scopeOf(caller)?.endsWith(':read'))
    expect(byReaders.map(([name]) => name)).toEqual(READERS_SEND)
  })

  // In one test: the credentials are few, the calls are thousands, and a wrong one is named.
  test(
    'each kind of credential is worth what the table says, on each route',
    async () => {
      const differences: string[] = []
      for (const kind of kinds) {
        for (const { route, caller } of matchRows(watch.routes)) {
          for (const method of methodsOf(route)) differences.push(...(await differenceOf({ kind, route, caller, method })))
        }
      }
      expect(differences).toEqual([])
    },
    TIMEOUT_MS,
  )

  interface Call extends RouteRow {
    readonly kind: CredentialKind
    readonly method: HTTPMethods
  }

  async function differenceOf(call: Call): Promise<string[]> {
    const wanted = decide(call.caller, call.kind.worth)
    const { status, reached } = await ask(call)
    const isReachedRightly = reached.join() === (getsToHandler(call.caller, wanted) ? call.route.name : '')
    const isRight = status < 500 && isReachedRightly && isAnsweredRightly(call.caller, { wanted, status })
    const found = `got ${status}, reached ${reached.join() || 'nothing'}`
    return isRight ? [] : [`${call.method} ${call.route.url} by ${call.kind.name}: wanted ${wanted}, ${found}`]
  }

  async function ask({ kind, route, method }: Call) {
    const headers = { ...(await kind.headers()) }
    const payload = BODIES[route.name]
    watch.takeReached()
    const { statusCode } = await app.request({
      method,
      url: pathOfRoute(route.url),
      headers,
      ...(payload !== undefined && { payload }),
    } as InjectOptions)
    return { status: statusCode, reached: watch.takeReached() }
  }
})

const methodsOf = ({ method }: WatchedRoute): HTTPMethods[] => (method === 'GET' ? ['GET', 'HEAD'] : [method])

/** Behind the chain there is only whoever the row admits; that a key is no session is for the handler to see. */
const getsToHandler = (caller: Caller, wanted: Verdict): boolean => wanted === 'passes' || (caller === 'a session' && wanted === 403)

/** A handler may still refuse whoever passed the chain: by the link, by a password, or by the organisation of what is asked for. */
function isAnsweredRightly(caller: Caller, { wanted, status }: { readonly wanted: Verdict; readonly status: number }): boolean {
  if (wanted === 'passes' && (caller === 'signed link' || caller === 'a session' || caller.endsWith('in an organisation'))) return true
  return wanted === (status === 401 || status === 403 ? status : 'passes')
}
