import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { compileValidator } from './validate-input.ts'

const compile = (schema: TSchema, httpPart: 'params' | 'querystring' | 'body' = 'params') =>
  compileValidator({ schema, httpPart, method: 'GET', url: '/' })

const File = Type.Object({ namespace: Type.String(), file: Type.String({ pattern: '\\.json$' }) })

describe('path parameters', () => {
  test('texts are taken as they are', () => {
    const value = { namespace: 'acme', file: '1.0.0.json' }
    expect(compile(File)(value)).toEqual({ value })
  })

  test('a text that does not fit its pattern is refused in the usual words', () => {
    expect(compile(File)({ namespace: 'acme', file: '1.0.0.zip' })).toMatchObject({ error: [{ keyword: 'pattern' }] })
  })

  test('every other rule still holds', () => {
    expect(compile(Type.Object({ id: Type.String({ maxLength: 3 }) }))({ id: 'long' })).toHaveProperty('error')
    expect(compile(Type.Object({ id: Type.String({ format: 'uuid' }) }))({ id: 'none' })).toHaveProperty('error')
    expect(compile(Type.Object({ id: Type.Union([Type.Literal('a'), Type.Literal('b')]) }))({ id: 'c' })).toHaveProperty('error')
  })

  test('numbers are converted', () => {
    expect(compile(Type.Object({ page: Type.Integer() }))({ page: '7' })).toEqual({ value: { page: 7 } })
  })
})

// reliability.md row 5
test.each(['1.5', '1e1', '', ' 7', '0x10', 'NaN', '-'])('%j is no whole number', (limit) => {
  expect(compile(Type.Object({ limit: Type.Optional(Type.Integer()) }), 'querystring')({ limit })).toMatchObject({
    error: [{ instancePath: '/limit' }],
  })
})

test('a whole number of a query is converted', () => {
  expect(compile(Type.Object({ limit: Type.Optional(Type.Integer()) }), 'querystring')({ limit: '-7' })).toEqual({ value: { limit: -7 } })
})

test.each([null, [], 'text', { hours: '1' }])('%j is no body with a number', (body) => {
  expect(compile(Type.Object({ hours: Type.Optional(Type.Integer()) }), 'body')(body)).toHaveProperty('error')
})

test('queries go the general way, since a text may be missing there', () => {
  expect(compile(Type.Object({ q: Type.String() }), 'querystring')({})).toHaveProperty('error')
})
