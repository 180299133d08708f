import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareTypes } from './compare-types.ts'
import { parseTypeConstraint } from './type-constraint.ts'

describe('types that mean the same', () => {
  test.each([
    ['string', 'string'],
    ['list', 'list(any)'],
    ['object({ a = string, b = bool })', 'object({\n  b = bool # first\n  "a" : string /* second */\n})'],
    ['object({ a = optional(string) })', 'object({ a = optional(string, null) })'],
    ['tuple([string, number])', 'tuple( [ string, number, ] )'],
    ['something(else)', 'something( else )'],
  ])('%j and %j', (from, to) => {
    expect(compareTypes(from, to)).toBeUndefined()
  })
})

describe('changes that callers do not notice', () => {
  test.each([
    ['string', 'any'],
    ['number', 'string'],
    ['bool', 'string'],
    ['list(number)', 'list(string)'],
    ['list(string)', 'set(string)'],
    ['tuple([string, bool])', 'list(string)'],
    ['object({ a = string })', 'map(string)'],
    ['object({ a = string })', 'object({ a = string, b = optional(bool) })'],
    ['object({ a = string })', 'object({ a = optional(string) })'],
    ['object({ a = optional(string, "x") })', 'object({ a = optional(string, "y") })'],
    ['map(object({ a = number }))', 'map(object({ a = any }))'],
  ])('%j to %j', (from, to) => {
    expect(compareTypes(from, to)).toMatchObject({ breaking: false })
  })
})

describe('changes that break callers', () => {
  test.each([
    ['any', 'string', 'it took any type and now only string'],
    ['string', 'number', 'it was string and is number'],
    ['string', 'bool', 'it was string and is bool'],
    ['string', 'list(string)', 'it was string and is list(string)'],
    ['list(string)', 'list(number)', '"[…]" was string and is number'],
    ['map(string)', 'object({ a = string })', 'it was map(string) and is object'],
    ['tuple([string])', 'tuple([string, bool])', 'it was tuple and is tuple'],
    ['tuple([string])', 'tuple([number])', '"[0]" was string and is number'],
    ['object({ a = string })', 'object({ a = string, b = bool })', 'attribute "b" is required'],
    ['object({ a = optional(string) })', 'object({ a = string })', 'attribute "a" is required'],
    ['object({ a = string, b = bool })', 'object({ a = string })', 'attribute "b" is not looked at any more'],
    [
      'map(object({ a = object({ b = any }) }))',
      'map(object({ a = object({ b = string }) }))',
      '"[…].a.b" took any type and now only string',
    ],
    ['string', 'something(else)', 'the type is another one'],
  ])('%j to %j', (from, to, why) => {
    expect(compareTypes(from, to)).toEqual({ breaking: true, why })
  })
})

describe('texts that are no types', () => {
  test.each([
    '',
    'strin',
    'list(',
    'list(string',
    'object({a})',
    'object({a=})',
    'tuple(string)',
    'string string',
    'list('.repeat(100),
    'optional(string)',
  ])('%j is not understood', (text) => {
    expect(parseTypeConstraint(text)).toBeUndefined()
  })
})

test('a default of an attribute may hold brackets and texts', () => {
  const type = parseTypeConstraint('object({ a = optional(map(string), { "x)" = "(\\"}" }), b = bool })')
  expect(type?.kind === 'object' && [...type.attributes].map(([name, { default: value }]) => [name, value])).toEqual([
    ['a', '{ "x)" = "(\\"}" }'],
    ['b', undefined],
  ])
})

const typeTexts = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('any', 'string', 'number', 'bool'),
    fc.tuple(fc.constantFrom('list', 'set', 'map'), tie('type')).map(([kind, element]) => `${kind}(${element})`),
    fc.array(tie('type'), { maxLength: 3 }).map((elements) => `tuple([${elements.join(', ')}])`),
    fc
      .array(fc.tuple(fc.constantFrom('', 'optional'), tie('type')), { maxLength: 3 })
      .map(
        (items) =>
          `object({ ${items.map(([word, type], index) => `a${index} = ${word === '' ? type : `optional(${type})`}`).join(', ')} })`,
      ),
  ),
}))

test('a type does not differ from itself, and every type widens to any', () => {
  fc.assert(
    fc.property(typeTexts.type, (text) => {
      expect(compareTypes(text, text.replaceAll(' ', '\n'))).toBeUndefined()
      expect(compareTypes(text, 'any')?.breaking ?? false).toBe(false)
    }),
  )
})

test('every text is read or not understood', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('object({', '})', 'list(', ')', 'a = ', '"', 'optional(', ',', '[', ']', '/*', '#', '\n', '\\') }),
      (text) => {
        expect(['undefined', 'object']).toContain(typeof parseTypeConstraint(text))
      },
    ),
  )
})
