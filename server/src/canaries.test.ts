import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONFIG_KEYS } from './config/config-keys.ts'
import { createCanaries } from './testing/canaries.ts'
import { DIALECTS } from './testing/dialects.ts'
import { type OpenTestApp, openTestApp } from './testing/test-app.ts'
import { testLog } from './testing/test-edge.ts'

const canaries = createCanaries()

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly maxLength?: number
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> }
}

interface Route {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** Routes that the document leaves out; aliases take what their original takes. */
const HIDDEN_ROUTES = [
  ['POST', '/admin/api/login', '/api/v1/auth/login'],
  ['POST', '/admin/api/logout', '/api/v1/auth/logout'],
  ['GET', '/openapi.json'],
  ['GET', '/swagger.json'],
  ['GET', '/api-docs/'],
  ['GET', '/nowhere'],
  ['POST', '/nowhere'],
  ['GET', '/oauth/authorize'],
  ['POST', '/oauth/authorize'],
] as const

/** What an address must have the form of, or the server would not start. */
const SECRET_URLS: Readonly<Record<string, string>> = {
  'redis.url': `redis://:${canaries.at('redis.url')}@127.0.0.1:1`,
  'outbound.proxy_url': `http://user:${canaries.at('outbound.proxy_url')}@127.0.0.1:1`,
}

/** Every secret setting. The database is the test's own. */
function secretSettings(): Record<string, string> {
  const secrets = CONFIG_KEYS.filter(({ key, schema }) => schema.secret && schema.type === 'string' && key !== 'database.url')
  return Object.fromEntries(
    secrets.map(({ key, variables }) => [variables[0], SECRET_URLS[key] ?? `${canaries.at(key)}.${canaries.at(`${key} (second half)`)}`]),
  )
}

async function listRoutes(app: OpenTestApp): Promise<Route[]> {
  const { paths } = (await app.request('/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>()
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const hidden = HIDDEN_ROUTES.map(([method, path, original]) => ({
    method,
    path,
    operation: paths[original ?? '']?.[method.toLowerCase()] ?? {},
  }))
  return [...described, ...hidden]
}

/** A value that the schema takes, with a canary wherever a text may stand. */
function fill(schema: Schema, place: string): unknown {
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.properties !== undefined) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, fill(child, `${place}.${name}`)]))
  }
  if (schema.type === 'array') return [fill(schema.items ?? {}, place)]
  if (schema.type === 'boolean') return true
  return schema.type === 'integer' || schema.type === 'number' ? 1 : canaries.at(place)
}

function pathOf({ path }: Route): string {
  return path.replaceAll(/\{[^}]+\}/g, '1.0.0')
}

function queryOf({ operation }: Route): Record<string, string> {
  const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query')
  const secrets = ['token', 'access_token', 'signature', 'code', 'state', 'password', 'key'].map((name) => ({ name, schema: {} }))
  return Object.fromEntries([...secrets, ...described].map(({ name, schema = {} }) => [name, String(fill(schema, `query.${name}`))]))
}

type Body = Pick<InjectOptions, 'payload' | 'headers'>

/** Bodies as the document describes them; an empty one when it does not. */
function describedBodies({ operation }: Route): Body[] {
  const described = Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema = {} }]) => {
    const value = fill(schema, 'body')
    const payload = type === 'application/json' ? JSON.stringify(value) : new URLSearchParams(value as Record<string, string>).toString()
    return { payload, headers: { 'content-type': type } }
  })
  return described.length === 0 ? [{}] : described
}

/** Bodies that no route takes. */
function brokenBodies({ method }: Route): Body[] {
  if (method === 'GET' || method === 'HEAD') return []
  const raw = canaries.at('body')
  return [
    { payload: JSON.stringify({ unknown: raw, password: canaries.at('body.password') }), headers: { 'content-type': 'application/json' } },
    { payload: `{"password": "${raw}`, headers: { 'content-type': 'application/json' } },
    { payload: `provider "${raw}" {`, headers: { 'content-type': 'application/hcl' } },
    { payload: raw, headers: { 'content-type': `text/${canaries.at('content type')}` } },
    { payload: raw, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  ]
}

/** Headers that carry secrets, of ours and of others. */
function secretHeaders(): Record<string, string> {
  const names = ['x-csrf-token', 'x-api-key', 'x-auth-token', 'proxy-authorization', 'x-terraform-token', 'if-match', 'user-agent']
  const plain = Object.fromEntries(names.map((name) => [name, canaries.at(`header ${name}`)]))
  const cookie = `terrace_session=${canaries.at('session cookie')}; other=${canaries.at('other cookie')}`
  return { ...plain, cookie, referer: `https://example.com/?token=${canaries.at('referer')}` }
}

/** Where a request says which thing it means. A failure names that thing, to whoever sent it and to nobody else. */
const NAMES = ['query.platform', 'body.platforms', 'body.name', 'body.scope', 'body.scopes', 'body.version', 'body.paths']

const CREDENTIALS = [
  undefined,
  `Bearer ${canaries.at('bearer token')}`,
  `Bearer tfr_${canaries.at('API key')}${canaries.at('API key (second half)')}`,
  `Bearer eyJ${canaries.at('session')}.${canaries.at('session claims')}.${canaries.at('session signature')}`,
  `Basic ${Buffer.from(`${canaries.at('basic user')}:${canaries.at('basic password')}`).toString('base64')}`,
  `Digest ${canaries.at('digest')}`,
]

interface Answer {
  readonly request: string
  readonly status: number
  readonly text: string
}

describe.each(DIALECTS)('secrets in every place on %s', (dialect) => {
  const log = testLog()
  const answers: Answer[] = []
  let app: OpenTestApp
  let routes: Route[]
  let key: string

  async function send(route: Route, options: InjectOptions): Promise<void> {
    const { method, path } = route
    const headers = { ...secretHeaders(), ...options.headers }
    const url = { pathname: pathOf(route), query: queryOf(route) }
    const response = await app.request({ ...options, method: method as 'GET', url: url.pathname, query: url.query, headers })
    const text = `${JSON.stringify(response.headers)}\n${response.statusMessage}\n${response.body}`
    answers.push({ request: `${method} ${path}`, status: response.statusCode, text })
  }

  async function sendAll(credential: string | undefined, bodies: (route: Route) => Body[]): Promise<void> {
    for (const route of routes) {
      for (const { payload, headers } of bodies(route)) {
        const authorization = credential === undefined ? {} : { authorization: credential }
        await send(route, { ...(payload !== undefined && { payload }), headers: { ...headers, ...authorization } })
      }
    }
  }

  async function createKey(): Promise<string> {
    const credentials = { username: 'admin', password: secretSettings().TFR_ADMIN_PASSWORD }
    const session = await app.request({ method: 'POST', url: '/api/v1/auth/login', payload: credentials })
    const { token } = session.json<{ token: string }>()
    canaries.watch('token of a session', token)
    const created = await app.request({
      method: 'POST',
      url: '/api/v1/apikeys',
      headers: { authorization: `Bearer ${token}` },
      payload: { name: 'all', scopes: ['admin'] },
    })
    const { key } = created.json<{ key: string }>()
    canaries.watch('API key that works', key)
    return key
  }

  beforeAll(async () => {
    const limits = { TFR_RATE_LIMIT_ENABLED: 'false', TFR_LOGGING_LEVEL: 'trace' }
    app = await openTestApp(dialect, { ...limits, ...secretSettings() }, { log })
    routes = await listRoutes(app)
    for (const credential of CREDENTIALS) await sendAll(credential, describedBodies)
    await sendAll(undefined, brokenBodies)
    // The administrator gets further: to the use cases and their errors.
    key = await createKey()
    const before = answers.length
    for (const bodies of [describedBodies, brokenBodies]) await sendAll(`Bearer ${key}`, bodies)
    const reached = answers.slice(before).filter(({ status }) => status < 400 || status === 404 || status === 409 || status === 422)
    expect(reached.length).toBeGreaterThan(routes.length / 2)
  }, 120_000)

  afterAll(() => app.close())

  test('are in no line of the log', () => {
    expect(log.lines.length).toBeGreaterThan(routes.length * 3)
    expect(canaries.foundIn(log.lines.join(''))).toEqual([])
  })

  test('are in no row of the audit', async () => {
    const rows = await app.deps.database.db.selectFrom('auditLogs').selectAll().execute()
    expect(rows.length).toBeGreaterThan(50)
    expect(canaries.foundIn(JSON.stringify(rows))).toEqual([])
  })

  test('are in no failure, its headers and its reason phrase', () => {
    const failures = answers.filter(({ status }) => status >= 400)
    expect(failures.length).toBeGreaterThan(routes.length * 3)
    const found = failures.flatMap(({ request, text, status }) => {
      const secrets = canaries.foundIn(text).filter((place) => !NAMES.includes(place))
      return secrets.map((place) => `${request} ${status}: ${place}`)
    })
    expect([...new Set(found)]).toEqual([])
  })

  test.each(['/openapi.json', '/health', '/api-docs/', '/.well-known/terraform.json'])('are not in %s', async (url) => {
    const { body } = await app.request(url)
    expect(canaries.foundIn(body)).toEqual([])
  })

  // What the database is asked must not be in the log of its failures.
  test('are nowhere when the database is away', async () => {
    const [lines, earlier] = [log.lines.length, answers.length]
    await app.deps.database.close()
    for (const credential of [undefined, `Bearer ${key}`]) await sendAll(credential, describedBodies)
    const failures = answers.slice(earlier).filter(({ status }) => status >= 500)
    expect(failures.length).toBeGreaterThan(10)
    const found = [...log.lines.slice(lines), ...failures.map(({ text }) => text)].flatMap((text) => canaries.foundIn(text))
    expect([...new Set(found)]).toEqual([])
  })
})
