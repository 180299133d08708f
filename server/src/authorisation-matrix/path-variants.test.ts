import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES, type Scope } from '../features/access/index.ts'
import { createApiKeySecret } from '../features/accounts/api-keys/api-key-secrets.ts'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { matchRows } from './compare-table.ts'
import { addKey, addOwner } from './credentials.ts'
import { decide, scopeOf, type Worth } from './decide.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { type Caller, EXPECTATIONS, SUFFICIENT } from './expectations.ts'
import { pathVariants } from './path-variants.ts'
import { pathOfRoute, type RouteWatch, watchRoutes } from './route-watch.ts'

// Thousands of requests on a small machine.
const TIMEOUT_MS = 120_000

interface RefusedCaller {
  readonly worth: Worth
  readonly headers: Readonly<Record<string, string>>
}

interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

// Over real connections: what makes requests in the process normalises their addresses first.
describe('the authorisation matrix and its other spellings', () => {
  let app: OpenTestApp
  let watch: RouteWatch
  let port: number
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const narrowKeys = new Map<Scope, string>()

  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp('sqlite', EVERYTHING_ON)
    await watch.server().listen({ host: '127.0.0.1', port: 0 })
    port = (watch.server().server.address() as AddressInfo).port
    const owner = await addOwner(app, { scopes: ['admin'] })
    for (const scope of Object.keys(SCOPES) as Scope[]) narrowKeys.set(scope, await addKey(app, { userId: owner, scopes: without(scope) }))
  })
  afterAll(async () => {
    agent.destroy()
    watch.stop()
    await app.close()
  })

  const without = (scope: Scope): Scope[] => (Object.keys(SCOPES) as Scope[]).filter((other) => !SUFFICIENT[scope].includes(other))

  /** Who is refused by the row, with the most that they may have. */
  function refusedBy(caller: Caller): RefusedCaller[] {
    const wrong = { worth: 'wrong', headers: { authorization: `Bearer ${createApiKeySecret()}` } } as const
    const scope = scopeOf(caller)
    const narrow = scope && {
      worth: { registry: without(scope), organization: [], isSession: false },
      headers: { authorization: `Bearer ${narrowKeys.get(scope)}` },
    }
    const all: RefusedCaller[] = [{ worth: 'none', headers: {} }, wrong, ...(narrow === undefined ? [] : [narrow])]
    return all.filter(({ worth }) => decide(caller, worth) !== 'passes')
  }

  /** Status, and the routes that were reached. */
  async function send({ method, path, headers }: Call): Promise<{ readonly status: number; readonly reached: readonly string[] }> {
    watch.takeReached()
    const call = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers }).end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    return { status: response.statusCode ?? 0, reached: watch.takeReached() }
  }

  /** How a call got further than the same caller does by the table. */
  async function trespass(call: Call, worth: Worth): Promise<string[]> {
    const { status, reached } = await send(call)
    const beyond = reached.filter((name) => decide(EXPECTATIONS[name] ?? 'public', worth) !== 'passes')
    const isAnswered = status < 300 && reached.length === 0
    return beyond.length > 0 || isAnswered || status >= 500 ? [`${call.method} ${call.path}: ${status}, reached ${reached.join()}`] : []
  }

  test(
    'no spelling of a path gets anybody further',
    async () => {
      const found: string[] = []
      for (const { route, caller } of matchRows(watch.routes)) {
        const { method, url } = route
        for (const { worth, headers } of refusedBy(caller)) {
          for (const { path } of pathVariants(pathOfRoute(url))) found.push(...(await trespass({ method, path, headers }, worth)))
        }
      }
      expect(found).toEqual([])
    },
    TIMEOUT_MS,
  )

  // Without it the test above could pass because nothing is found under any spelling.
  test('some spellings do name the same route, for whoever may call it', async () => {
    const key = await addKey(app, { userId: await addOwner(app, { scopes: ['admin'] }) })
    const headers = { authorization: `Bearer ${key}` }
    const reachedBy = async (path: string) => (await send({ method: 'GET', path, headers })).reached
    for (const path of ['/api/v1/%61udit', 'http://localhost/api/v1/audit', '/api/v1/audit?', '/api/v1/audit#/livez']) {
      expect([path, ...(await reachedBy(path))]).toEqual([path, 'GET /api/v1/audit'])
    }
  })

  test(
    'no other method gets anybody further',
    async () => {
      const found: string[] = []
      for (const url of new Set(watch.routes.map((route) => route.url))) {
        for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'SEARCH']) {
          found.push(...(await trespass({ method, path: pathOfRoute(url), headers: {} }, 'none')))
        }
      }
      expect(found).toEqual([])
    },
    TIMEOUT_MS,
  )

  // What frameworks and proxies of others obey.
  test.each([
    ['x-http-method-override', 'DELETE'],
    ['x-method-override', 'DELETE'],
    ['x-original-url', '/api/v1/audit'],
    ['x-rewrite-url', '/api/v1/audit'],
    ['x-forwarded-uri', '/api/v1/audit'],
    ['x-forwarded-prefix', '/api/v1/audit'],
  ])('the header "%s" changes nothing', async (name, value) => {
    const { reached } = await send({ method: 'GET', path: '/livez', headers: { [name]: value } })
    expect(reached).toEqual(['GET /livez'])
  })

  // reliability.md row 25: secrets in addresses end in logs and in the history of browsers.
  test.each(['access_token', 'token', 'api_key', 'authorization', 'private_token'])('a key as the parameter "%s" is none', async (name) => {
    const key = await addKey(app, { userId: await addOwner(app, { scopes: ['admin'] }) })
    const { status } = await send({ method: 'GET', path: `/api/v1/auth/me?${name}=${key}`, headers: {} })
    expect(status).toBe(401)
  })
})
