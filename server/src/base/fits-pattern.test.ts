import { expect, test } from 'vitest'
import { fitsPattern } from './fits-pattern.ts'

test.each([
  ['acme/widget', 'acme/widget', true],
  ['acme/widget', 'acme/widgets', false],
  ['acme/widget', 'xacme/widget', false],
  ['acme/*', 'acme/widget', true],
  ['acme/*', 'acme/', true],
  ['acme/*', 'acme-evil/widget', false],
  ['*/widget', 'acme/widget', true],
  ['*/widget', 'acme/widget/x', false],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/widget:ref:refs/heads/main', true],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/widget:ref:refs/heads/main2', false],
  ['a*a', 'a', false],
  ['a*b*c', 'a-b-c', true],
  ['a*bc*c', 'abc', false],
  ['a**c', 'abc', true],
  ['acme', 'ACME', false],
  ['a.c', 'abc', false],
  ['*', '', true],
  ['acme/*', 'acme/\nwidget', true],
])('%j against %j: %s', (pattern, text, fits) => {
  expect(fitsPattern(pattern, text)).toBe(fits)
})

test('a hostile text costs no more than its length', () => {
  const started = performance.now()
  expect(fitsPattern(`${'*a'.repeat(200)}*b`, 'a'.repeat(16_000))).toBe(false)
  expect(performance.now() - started).toBeLessThan(10_000)
})
