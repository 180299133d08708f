import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../testing/test-edge.ts'
import { RegistryError } from '../errors.ts'
import type { App } from './edge-types.ts'

const MISSING = new RegistryError('PROVIDER_NOT_FOUND', 'Cannot list "acme/widget": there is no such provider', {
  hint: 'Load it with a definition file',
  detail: { namespace: 'acme' },
})
const PUBLIC = { requires: 'public' } as const

function routes(app: App): void {
  const fail = () => {
    throw MISSING
  }
  app.get('/v1/missing', { config: PUBLIC }, fail)
  app.get('/api/v1/missing', { config: PUBLIC }, fail)
  app.get('/v1/text', { config: { ...PUBLIC, errorFormat: 'text' } }, fail)
  app.get('/v1/limited', { config: PUBLIC }, () => {
    throw new RegistryError('UPSTREAM_RATE_LIMITED', 'Cannot read "x": the upstream asks to wait', { retryAfterSeconds: 2.2 })
  })
  app.get('/api/v1/defect', { config: PUBLIC }, () => {
    throw new Error('password=hunter2hunter2 at /var/lib/secret')
  })
  const body = Type.Object({ count: Type.Integer() }, { additionalProperties: false })
  app.post('/api/v1/body', { config: PUBLIC, bodyLimit: 100, schema: { body } }, ({ body: { count } }) => ({ count }))
  app.get('/api/v1/query', { config: PUBLIC, schema: { querystring: Type.Object({ limit: Type.Integer() }) } }, ({ query }) => query)
}

const postBody = { method: 'POST', url: '/api/v1/body' } as const

describe('error handler', () => {
  test('protocol routes answer a list of errors', async () => {
    const { request } = openTestEdge(routes)
    const response = await request('/v1/missing')
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({ errors: [MISSING.message, MISSING.hint] })
  })

  test('other routes answer a problem document', async () => {
    const { request } = openTestEdge(routes)
    const response = await request({ url: '/api/v1/missing', headers: { 'x-request-id': 'my-id.1' } })
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(response.json()).toEqual({
      type: 'urn:terrace:error:PROVIDER_NOT_FOUND',
      title: 'There is no such provider',
      status: 404,
      code: 'PROVIDER_NOT_FOUND',
      detail: MISSING.message,
      hint: MISSING.hint,
      context: { namespace: 'acme' },
      requestId: 'my-id.1',
    })
  })

  test('text routes answer one line', async () => {
    const { request } = openTestEdge(routes)
    const response = await request('/v1/text')
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(response.body).toBe(`${MISSING.message}\n`)
  })

  // protocol.md 8: the CLIs print the reason phrase in most error texts.
  test('the message is the reason phrase', async () => {
    const { request } = openTestEdge(routes)
    expect((await request('/v1/missing')).statusMessage).toBe(MISSING.message)
  })

  test('Retry-After is whole seconds', async () => {
    const { request } = openTestEdge(routes)
    const response = await request('/v1/limited')
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '3'])
  })

  test('errors are never cached', async () => {
    const { request } = openTestEdge(routes)
    expect((await request('/v1/missing')).headers['cache-control']).toBe('no-store')
  })

  test('a defect answers 500 without telling anything of the inside', async () => {
    const { request, log } = openTestEdge(routes)
    const response = await request({ url: '/api/v1/defect', headers: { 'x-request-id': 'trace-me' } })
    expect(response.json()).toMatchObject({ status: 500, code: 'INTERNAL', requestId: 'trace-me' })
    expect(response.body + response.statusMessage).not.toMatch(/hunter2|\/var\/lib/)
    expect(log.lines.join('')).toContain('"request_id":"trace-me"')
    expect(log.lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1)
  })

  test('an expected failure is not logged as an error', async () => {
    const { request, log } = openTestEdge(routes)
    await request('/v1/missing')
    expect(log.lines.filter((line) => /"level":"(error|warn)"/.test(line))).toEqual([])
    expect(log.lines.join('')).toContain('"code":"PROVIDER_NOT_FOUND"')
  })

  test('a library failure that is known is expected', async () => {
    const classifyError = () => new RegistryError('DATABASE_UNAVAILABLE', 'Cannot read "users": the database is away')
    const { request } = openTestEdge(routes, { classifyError })
    expect((await request('/api/v1/defect')).statusCode).toBe(503)
  })

  test('a body that breaks the schema is refused with the place and the rule', async () => {
    const { request } = openTestEdge(routes)
    const response = await request({ ...postBody, payload: { count: 'three' } })
    expect(response.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST', detail: expect.stringContaining('count must be integer') })
  })

  test('unknown members of a body are refused', async () => {
    const { request } = openTestEdge(routes)
    expect((await request({ ...postBody, payload: { count: 1, extra: 2 } })).statusCode).toBe(400)
  })

  test('numbers in a query are read as numbers, and nonsense is refused', async () => {
    const { request } = openTestEdge(routes)
    expect((await request('/api/v1/query?limit=7')).json()).toEqual({ limit: 7 })
    for (const limit of ['NaN', 'x', '1,2']) {
      expect((await request(`/api/v1/query?limit=${limit}`)).statusCode, limit).toBe(400)
    }
  })

  test('a body above the limit is refused with 413', async () => {
    const { request } = openTestEdge(routes)
    const response = await request({ ...postBody, payload: { count: 1, pad: 'x'.repeat(200) } })
    expect(response.json()).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' })
  })

  // reliability.md row 37: fastify CVE-2025-32442, CVE-2026-25223.
  test.each(['text/plain', 'application/xml', 'application/json/x', 'APPLICATION/JSON ,text/plain', 'application/x-www-form-urlencoded'])(
    'a body of type %s is refused with 415',
    async (type) => {
      const { request } = openTestEdge(routes)
      const response = await request({ ...postBody, payload: '{"count":1}', headers: { 'content-type': type } })
      expect(response.json()).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
    },
  )

  test.each(['{', '', '[1,2', '{"__proto__":{"x":1},"count":1}'])('the body %j is refused with 400', async (payload) => {
    const { request } = openTestEdge(routes)
    const response = await request({ ...postBody, payload, headers: { 'content-type': 'application/json' } })
    expect(response.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  })

  test('an address without a route answers 404 in the form of its neighbourhood', async () => {
    const { request } = openTestEdge(routes)
    expect((await request('/v1/nowhere')).json()).toEqual({
      errors: expect.arrayContaining([expect.stringContaining('GET /v1/nowhere')]),
    })
    expect((await request('/nowhere')).json()).toMatchObject({ code: 'ROUTE_NOT_FOUND', status: 404 })
  })

  test.each(['/v1/%zz', `/api/v1/${'x'.repeat(300)}/..%2f`])('the odd address %s is refused without a crash', async (url) => {
    const { request } = openTestEdge(routes)
    const response = await request(url)
    expect(response.statusCode).toBeGreaterThanOrEqual(400)
    expect(response.statusCode).toBeLessThan(500)
    expect(response.headers['x-content-type-options']).toBe('nosniff')
  })
})
