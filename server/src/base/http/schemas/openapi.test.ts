import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../../testing/test-edge.ts'
import type { App } from '../edge-types.ts'

const Thing = Type.Object({ name: Type.String() })

function routes(app: App): void {
  app.register((scope, _options, done) => {
    const typed = scope.withTypeProvider()
    const schema = { summary: 'One thing', response: { 200: Thing } }
    typed.get('/api/v1/things/:id', { config: { requires: 'providers:read' }, schema }, () => ({ name: 'x' }))
    typed.get('/v1/things', { config: { requires: 'public' }, schema: { description: 'All of them.' } }, () => [])
    typed.get('/v1/optional', { config: { requires: 'anyone' } }, () => [])
    typed.get('/api/v1/alias', { config: { requires: 'public' }, schema: { hide: true } }, () => [])
    done()
  })
}

interface Operation {
  readonly security: unknown
  readonly description: string
  readonly responses: Record<string, { content: Record<string, { schema: { properties: object } }> }>
}

async function operations() {
  const { request } = openTestEdge(routes)
  const { paths } = (await request('/openapi.json')).json<{ paths: Record<string, { get: Operation }> }>()
  return (path: string) => paths[path]?.get
}

describe('OpenAPI document', () => {
  test('is served at both addresses, names the version and has no hidden route', async () => {
    const { request } = openTestEdge(routes)
    const [first, second] = [await request('/openapi.json'), await request('/swagger.json')]
    expect(first.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Terrace', version: '0.0.0-test' } })
    expect(second.body).toBe(first.body)
    expect(Object.keys(first.json<{ paths: object }>().paths).sort()).toEqual(['/api/v1/things/{id}', '/v1/optional', '/v1/things'])
  })

  test('says which permission a route needs', async () => {
    const get = await operations()
    expect(get('/api/v1/things/{id}')).toMatchObject({ security: [{ bearer: [] }], description: 'Needs the scope `providers:read`.' })
    expect(get('/v1/things')).toMatchObject({ security: [], description: 'All of them. No credential is needed.' })
    expect(get('/v1/optional')).toMatchObject({ security: [{}, { bearer: [] }] })
  })

  test('shows the form of failures beside the answer', async () => {
    const get = await operations()
    const failureOf = (path: string) => Object.values(get(path)?.responses.default?.content ?? {})[0]?.schema.properties
    expect(Object.keys(failureOf('/api/v1/things/{id}') ?? {})).toContain('requestId')
    expect(Object.keys(failureOf('/v1/things') ?? {})).toEqual(['errors'])
    expect(get('/api/v1/things/{id}')?.responses).toHaveProperty('200')
  })
})
