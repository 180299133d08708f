import { Check, Errors } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenTestApp, openTestApp } from './testing/test-app.ts'

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, Body>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Body>> }>>
}

interface Body {
  readonly schema: object
  readonly example?: unknown
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

// What a reader of the reference finds of every operation; the routes come from the running server, so none is forgotten.
describe('the API reference', () => {
  let app: OpenTestApp
  let definitions: Record<string, object>
  let operations: (readonly [string, Operation])[]
  beforeAll(async () => {
    app = await openTestApp('sqlite')
    const document = (await app.request('/openapi.json')).json<OpenApiDocument>()
    const { paths } = document
    definitions = Object.fromEntries(
      Object.entries(document.components.schemas).map(([name, schema]) => [`#/components/schemas/${name}`, schema]),
    )
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

  test('shows for every JSON answer an example that fits it, with a value for each member', () => {
    const answers = operations.flatMap(([name, { responses }]) =>
      Object.entries(responses).flatMap(([status, { content }]) => {
        const json = content?.['application/json']
        return status.startsWith('2') && json !== undefined ? [[name, json] as const] : []
      }),
    )
    expect(answers.length).toBeGreaterThan(100)
    const bad = answers.filter(
      ([, { schema, example }]) => !Check(definitions, schema, example) || /undefined/.test(JSON.stringify(example)),
    )
    // Values come from features/api-reference/examples/example-values.ts, by the name of the member.
    const problems = bad.map(([name, { schema, example }]) => {
      const errors = Errors(definitions, schema, example)
      return [name, ...errors.map(({ instancePath, message }) => `${instancePath} ${message}`)]
    })
    expect(problems).toEqual([])
  })
})
