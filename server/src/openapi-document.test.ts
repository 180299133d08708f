import { Check } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenTestApp, openTestApp } from './testing/test-app.ts'

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, Body>> }
}

interface Body {
  readonly schema: object
  readonly example?: unknown
}

// What a reader of the reference finds of every operation; the routes come from the running server, so none is forgotten.
describe('the API reference', () => {
  let app: OpenTestApp
  let operations: (readonly [string, Operation])[]
  beforeAll(async () => {
    app = await openTestApp('sqlite')
    const { paths } = (await app.request('/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>()
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    )
  })
  afterAll(() => app.close())

  test('has a chapter and a title for every operation', () => {
    expect(operations.length).toBeGreaterThan(100)
    const nameless = operations.filter(([, { tags = [], summary = '' }]) => tags.length === 0 || summary === '')
    expect(nameless.map(([name]) => name)).toEqual([])
  })

  test('shows for every JSON body an example that would be accepted', () => {
    const bodies = operations.flatMap(([name, { requestBody }]) => {
      const json = requestBody?.content['application/json']
      return json === undefined ? [] : [[name, json] as const]
    })
    const bad = bodies.filter(([, { schema, example }]) => example === undefined || !Check(schema, example))
    expect(bad.map(([name]) => name)).toEqual([])
  })
})
