import { expect, test } from 'vitest'
import { parseExpiry } from './parse-expiry.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')

test.each([
  ['12h', '2026-03-02T00:00:00.000Z'],
  ['90d', '2026-05-30T12:00:00.000Z'],
  ['2w', '2026-03-15T12:00:00.000Z'],
  ['1y', '2027-03-01T12:00:00.000Z'],
  ['2026-03-01', '2026-03-01T23:59:59.000Z'],
  ['2030-01-31', '2030-01-31T23:59:59.000Z'],
])('%s ends at %s', (text, end) => {
  expect(parseExpiry(text, NOW)).toBe(end)
})

test.each(['90', 'd', '1m', '-1d', '1.5d', '2030-1-1', '2030-02-30', '2030-13-01', 'soon', ''])('%j is no end', (text) => {
  expect(() => parseExpiry(text, NOW)).toThrow('it is neither a span nor a day')
})

test.each(['0d', '2026-02-28'])('%s has passed', (text) => {
  expect(() => parseExpiry(text, NOW)).toThrow(`Cannot use end "${text}": it has passed`)
})
