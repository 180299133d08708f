import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../testing/dialects.ts'
import { modulePublishRequest } from '../testing/publish-modules.ts'
import { publishRequest } from '../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { matchRows } from './compare-table.ts'
import { addSession } from './credentials.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { mirrorOf, openTenants, RED, SECRET, type Tenants } from './foreign-objects.ts'
import { type RouteWatch, watchRoutes } from './route-watch.ts'

type Headers = Readonly<Record<string, string>>

const RULE = {
  name: 'x',
  organization: RED,
  issuer: 'https://ci.example.com',
  audience: 'terrace',
  claims: { sub: 'x' },
  scopes: ['modules:read'],
}

/** How somebody would make something in the name of the organisation, by route. */
const MAKING: Readonly<Record<string, (namespace: string) => InjectOptions | Promise<InjectOptions>>> = {
  'POST /api/v1/providers': (namespace) => publishRequest({ name: `${namespace}/other` }),
  'POST /api/v1/modules': (namespace) => modulePublishRequest({ address: `${namespace}/other/aws` }),
  'POST /api/v1/namespaces': () => ({ payload: { name: 'new-paints', organization: RED } }),
  'POST /api/v1/trust-rules': () => ({ payload: RULE }),
  'POST /api/v1/admin/mirrors': () => ({ payload: mirrorOf(RED, 'new-mirror') }),
}

/** Tells something, and makes nothing. */
const TELLING = 'POST /api/v1/trust-rules/test'

/** Changes what there is, of whoever asks. */
const CHANGING = 'POST /api/v1/admin/notifications/read'

/** A namespace that everybody reads. */
const OPEN = 'open-paints'

/** Parameters that name an object, with one of theirs and one that does not exist. */
const NAMING: Readonly<Record<string, readonly [theirs: string, missing: string]>> = {
  namespace: [SECRET, 'nobodys-paints'],
  organization: [RED, 'nobodys-works'],
}

/** The same inside of other texts. */
const ALSO_NAMING: readonly string[] = [`/api/v1/lock?provider=localhost/${SECRET}/widget`]

/** Queries without which a list refuses to answer. */
const QUERIES: Readonly<Record<string, string>> = { '/v1/modules/search': '?q=net' }

// reliability.md rows 26 and 29.
describe.each(DIALECTS)('the lists and the names of another organisation, on %s', (dialect) => {
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

  const sessionOf = async (userId: string): Promise<Headers> => ({ authorization: `Bearer ${(await addSession(app, { userId })).token}` })

  /** Words that only its own members may read. */
  const marks = (): string[] => {
    const ids = tenants.objects.filter(({ prefix }) => !prefix.includes('/admin/')).flatMap(({ theirs }) => [theirs.id, theirs.user_id])
    return [
      ...new Set([
        SECRET,
        RED,
        'ruby',
        'master-painter',
        'master-mirror',
        tenants.red.organizationId,
        ...ids.filter((id) => id !== undefined),
      ]),
    ]
  }

  const listsOf = () =>
    matchRows(watch.routes).filter(({ route, caller }) => caller !== 'public' && route.method === 'GET' && !/[:*]/.test(route.url))

  /** Which mark is in which list. */
  async function found(headers: Headers): Promise<string[]> {
    const places: string[] = []
    for (const { route } of listsOf()) {
      const { body } = await app.request({ url: route.url + (QUERIES[route.url] ?? ''), headers: { host: 'localhost', ...headers } })
      places.push(...marks().flatMap((mark) => (body.includes(mark) ? [`${route.url}: ${mark}`] : [])))
    }
    return places
  }

  test('no list tells somebody from elsewhere anything about it', async () => {
    const { key, userId } = tenants.blue
    for (const headers of [{}, { authorization: `Bearer ${key}` }, await sessionOf(userId)]) expect(await found(headers)).toEqual([])
  })

  // Without it the marks might be in no list at all.
  test('lists tell its own members', async () => {
    const places = await found(await sessionOf(tenants.red.userId))
    for (const url of ['/api/v1/namespaces', '/api/v1/admin/providers', '/v1/modules', '/v1/modules/search', '/api/v1/modules/search']) {
      expect(places).toContain(`${url}: ${SECRET}`)
    }
    expect(places).toContain(`/api/v1/organizations: ${RED}`)
  })

  /** Addresses that name an object of theirs outside of the path, each beside one that names nothing. */
  const namings = (): (readonly [theirs: string, missing: string])[] => {
    // Who may read the others sees everything there is.
    const lists = listsOf().filter(({ caller }) => !caller.endsWith('in the registry'))
    const generated = lists.flatMap(({ route: { url, queryNames } }) =>
      queryNames.flatMap((name) => {
        const start = `${url}${QUERIES[url] ?? '?'}${url in QUERIES ? '&' : ''}${name}=`
        return (NAMING[name] ?? []).length === 0 ? [] : [[start + NAMING[name]?.[0], start + NAMING[name]?.[1]] as const]
      }),
    )
    return [...generated, ...ALSO_NAMING.map((url) => [url, url.replace(SECRET, 'nobodys-paints')] as const)]
  }

  async function answer(url: string, headers: Headers): Promise<string> {
    const { statusCode, body } = await app.request({ url, headers: { host: 'localhost', ...headers } })
    const words = Object.values(NAMING).flat()
    return `${statusCode} ${words.reduce((text, word) => text.replaceAll(word, 'NAME'), body).replace(/"requestId":"[^"]*"/, '')}`
  }

  test('asking a list for it is answered as asking for what does not exist', async () => {
    const member = await sessionOf(tenants.red.userId)
    const foreign = [{}, { authorization: `Bearer ${tenants.blue.key}` }]
    const told: string[] = []
    for (const [theirs, missing] of namings()) {
      for (const headers of foreign) if ((await answer(theirs, headers)) !== (await answer(missing, headers))) told.push(theirs)
    }
    expect(told).toEqual([])
    const known = await Promise.all(
      namings().map(async ([theirs, missing]) => (await answer(theirs, member)) !== (await answer(missing, member))),
    )
    expect(namings().filter((_naming, index) => !known[index])).toEqual([])
  })

  const making = () =>
    matchRows(watch.routes).filter(({ route, caller }) => route.method === 'POST' && caller.endsWith('in an organisation'))

  test('the test knows how to make something by every route that makes something for an organisation', () => {
    const plain = making().filter(({ route }) => !route.url.includes(':'))
    expect(plain.map(({ route }) => route.name).sort()).toEqual([...Object.keys(MAKING), TELLING, CHANGING].sort())
  })

  describe('in its name', () => {
    beforeAll(async () => {
      const { statusCode } = await tenants.red.request({
        method: 'POST',
        url: '/api/v1/namespaces',
        payload: { name: OPEN, organization: RED },
      })
      expect(statusCode).toBe(201)
    })

    test.each(Object.keys(MAKING))('%s makes nothing', async (name) => {
      const [method, url] = name.split(' ') as ['POST', string]
      for (const namespace of [SECRET, OPEN]) {
        const request = { ...(await MAKING[name]?.(namespace)), method, url }
        expect([403, 404]).toContain((await tenants.blue.request(request)).statusCode)
      }
    })

    // Without it the requests might be refused for what they ask.
    test.each(Object.keys(MAKING))('%s makes something for a member', async (name) => {
      const [method, url] = name.split(' ') as ['POST', string]
      const { statusCode } = await tenants.red.request({ ...(await MAKING[name]?.(OPEN)), method, url })
      expect(statusCode).toBe(201)
    })
  })

  test('nobody from elsewhere is told about its trust rules', async () => {
    const ask = { method: 'POST', url: '/api/v1/trust-rules/test', payload: { claims: { sub: 'x' }, organization: RED } } as const
    const [own, foreign] = [await tenants.red.request(ask), await tenants.blue.request(ask)]
    expect(marks().filter((mark) => foreign.body.includes(mark))).toEqual([])
    expect(marks().filter((mark) => own.body.includes(mark))).not.toEqual([])
  })
})

describe('hidden things by the clock', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite', EVERYTHING_ON)
  })
  afterAll(() => app.close())

  // A network tells no smaller difference. PostgreSQL on a busy machine varies by more than that.
  test('hidden and missing take the same time', async () => {
    const { blue } = await openTenants(app)
    const headers = { authorization: `Bearer ${blue.key}` }
    for (const url of ['/v1/providers/NAME/widget/versions', '/v1/modules/NAME/net/aws/versions', '/api/v1/modules/NAME/net/aws']) {
      const times = { hidden: [] as number[], missing: [] as number[] }
      for (let round = 0; round < 60; round += 1) {
        times.hidden.push(await timeOf({ url: url.replace('NAME', SECRET), headers }))
        times.missing.push(await timeOf({ url: url.replace('NAME', 'nobodys-paints'), headers }))
      }
      expect(Math.abs(medianOf(times.hidden) - medianOf(times.missing))).toBeLessThan(2)
    }
  })

  async function timeOf(request: InjectOptions): Promise<number> {
    const started = performance.now()
    await app.request(request)
    return performance.now() - started
  }
})

const medianOf = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
