import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../base/ids.ts'
import { type OpenTestApp, openTestApp } from '../testing/test-app.ts'
import { addKey, addOwner, addSession } from './credentials.ts'
import { EVERYTHING_ON } from './everything-on.ts'
import { pathOfRoute, type RouteWatch, type WatchedRoute, watchRoutes } from './route-watch.ts'

type Headers = Readonly<Record<string, string>>

/** Rows of everything that is listed: more than a page may have. */
const ROWS = 120
const MAX_ROWS = 100
const MAX_BODY_BYTES = 1024 * 1024

const BROKEN_PAGES = [
  ...['-1', '0', '101', '1e9', '1000000000', 'NaN', 'Infinity', '', '%20', '1.5', '0x10', '٣', 'null', '1;2'].map(
    (value) => `limit=${value}`,
  ),
  ...['-1', '1e99', '99999999999999999999', 'NaN', '', '1.5'].map((value) => `offset=${value}`),
  'limit=1&limit=2',
  'limit[$gt]=1&limit=999',
]

/** Types that no route reads, and disguises of those that some do. */
const ODD_TYPES = [
  'text/html',
  'application/xml',
  'application/octet-stream',
  'application/json-patch+json',
  'application/jsonp',
  'text/json',
  'image/svg+xml',
  'text/plain, application/json',
  'text/html\tapplication/json',
  'application/json/x',
  'multipart/json',
  'x',
]

/** Disguises that may be taken for JSON, but not as a way around the check of the body. */
const LOOSE_JSON = [
  'APPLICATION/JSON',
  'application/json;charset=utf-7',
  'application/json\t',
  'application/json\ta',
  'application/json ;x',
]

/** Definitions of mirrors are text, of whatever type the program that sends them says. */
const READS_TEXT = /\/providers\/upload$/
/** A page of ours sends forms. */
const READS_FORMS = /^\/oauth\//

// reliability.md rows 5 and 37, on every route there is.
describe('hostile input', () => {
  let app: OpenTestApp
  let watch: RouteWatch
  let owner: string
  beforeAll(async () => {
    watch = watchRoutes()
    app = await openTestApp('sqlite', EVERYTHING_ON)
    owner = await addOwner(app, { scopes: ['admin'] })
    await fillLists(app, owner)
  })
  afterAll(async () => {
    watch.stop()
    await app.close()
  })

  const asAdministrator = async (): Promise<Headers> => ({ authorization: `Bearer ${(await addSession(app, { userId: owner })).token}` })

  interface Call {
    readonly query?: string
    readonly type?: string
    readonly payload?: string | Buffer
    readonly headers?: Headers
  }

  async function send({ method, url }: WatchedRoute, { query = '', type, payload, headers }: Call) {
    watch.takeReached()
    const path = pathOfRoute(url) + (query === '' ? '' : `?${query}`)
    const all = { ...(headers ?? (await asAdministrator())), ...(type !== undefined && { 'content-type': type }) }
    const response = await app.request({ method: method as 'GET', url: path, headers: all, ...(payload !== undefined && { payload }) })
    return { status: response.statusCode, body: response.body, reached: watch.takeReached().length > 0 }
  }

  const lists = () => watch.routes.filter(({ method, queryNames }) => method === 'GET' && queryNames.includes('limit'))
  const changes = () => watch.routes.filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method))

  test('no list takes a page that is none', async () => {
    const taken: string[] = []
    for (const route of lists()) {
      for (const page of BROKEN_PAGES) {
        const { status } = await send(route, { query: page })
        if (status !== 400) taken.push(`${route.url}?${page}: ${status}`)
      }
    }
    expect(lists().length).toBeGreaterThan(0)
    expect(taken).toEqual([])
  })

  test('no list has more rows than a page, whoever asks and however', async () => {
    const plain = watch.routes.filter(({ method, url }) => method === 'GET' && !/[:*]/.test(url))
    const asked = plain.flatMap((route) =>
      ['', ...(route.queryNames.includes('limit') ? ['limit=100'] : [])].map((query) => ({ route, query })),
    )
    const full: string[] = []
    for (const { route, query } of asked) {
      const { status, body } = await send(route, { query })
      const rows = longestList(body)
      if (status >= 500 || rows > MAX_ROWS) full.push(`${route.url}?${query}: ${status}, ${rows} rows`)
    }
    expect(full).toEqual([])
  })

  // Without it no list might have had enough to be cut.
  test.each(['/api/v1/users', '/api/v1/apikeys', '/api/v1/namespaces', '/api/v1/organizations'])('%s has a full page', async (url) => {
    const { body } = await app.request({ url: `${url}?limit=100`, headers: await asAdministrator() })
    expect(longestList(body)).toBe(MAX_ROWS)
  })

  test('no route reads a body of a type that it does not know', async () => {
    const read: string[] = []
    for (const route of changes().filter(({ url }) => !READS_TEXT.test(url))) {
      for (const type of ODD_TYPES) {
        const { status, reached } = await send(route, { type, payload: '{"no_such_member":1}' })
        if (status !== 415 || reached) read.push(`${route.name} ${type}: ${status}`)
      }
    }
    expect(read).toEqual([])
  })

  test('text and forms are read where they belong only', async () => {
    const read: string[] = []
    for (const route of changes().filter(({ url }) => !READS_TEXT.test(url))) {
      const text = await send(route, { type: 'text/plain', payload: '{"no_such_member":1}' })
      const form = await send(route, { type: 'application/x-www-form-urlencoded', payload: 'no_such_member=1' })
      if (text.status !== 415) read.push(`${route.name} as text: ${text.status}`)
      if (form.status !== 415 && !READS_FORMS.test(route.url)) read.push(`${route.name} as a form: ${form.status}`)
    }
    expect(read).toEqual([])
  })

  // fastify CVE-2025-32442, CVE-2026-25223.
  test('a disguised type is no way around the check of a body', async () => {
    const passed: string[] = []
    for (const route of changes().filter(({ readsJson }) => readsJson)) {
      for (const type of LOOSE_JSON) {
        const { status } = await send(route, { type, payload: '{"no_such_member":1}' })
        if (status !== 400 && status !== 415) passed.push(`${route.name} ${type}: ${status}`)
      }
    }
    expect(passed).toEqual([])
  })

  const typeOf = ({ url }: WatchedRoute) => (READS_FORMS.test(url) ? 'application/x-www-form-urlencoded' : 'application/json')

  test('a body that is too large is refused, and that of a stranger not even looked at', async () => {
    const payload = Buffer.alloc(MAX_BODY_BYTES + 1, ' ')
    const taken: string[] = []
    for (const route of changes().filter(({ settings }) => settings.rateLimitTier !== 'upload')) {
      const known = await send(route, { type: typeOf(route), payload })
      const stranger = await send(route, { type: typeOf(route), payload, headers: {} })
      const expected = route.settings.requires === 'public' ? [413, 413] : [413, 401]
      if ([known.status, stranger.status].join() !== expected.join()) taken.push(`${route.name}: ${known.status} and ${stranger.status}`)
    }
    expect(taken).toEqual([])
  })
})

/** Length of the longest list of an answer, at its first level. */
function longestList(body: string): number {
  if (!body.startsWith('{')) return 0
  const lists = Object.values(JSON.parse(body) as object).filter(Array.isArray)
  return Math.max(0, ...lists.map((list) => list.length))
}

async function fillLists(app: OpenTestApp, userId: string): Promise<void> {
  const { db } = app.deps.database
  const createdAt = app.deps.clock.now()
  for (let index = 0; index < ROWS; index += 1) {
    const organizationId = newId()
    const made = { createdAt, createdBy: 'test' }
    await db
      .insertInto('organizations')
      .values({ id: organizationId, name: `o${index}`, displayName: 'o', ...made })
      .execute()
    const namespace = { id: newId(), name: `n${index}`, organizationId, visibility: 'public', deletedAt: null, ...made }
    await db.insertInto('namespaces').values(namespace).execute()
    await addOwner(app, { scopes: [] })
    await addKey(app, { userId })
  }
}
