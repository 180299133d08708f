import { describe, expect, test } from 'vitest'
import { parseByteRange } from './byte-range.ts'

describe('parseByteRange for an object of ten bytes', () => {
  test.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=3-5', { start: 3, end: 5 }],
    ['bytes=9-', { start: 9, end: 9 }],
    ['bytes=0-', { start: 0, end: 9 }],
    ['bytes=4-4000', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-4000', { start: 0, end: 9 }],
    ['Bytes = 1 - 2 ', { start: 1, end: 2 }],
    [`bytes=2-${'9'.repeat(400)}`, { start: 2, end: 9 }],
  ])('%j is a range', (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range)
  })

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])('%j cannot be satisfied', (header) => {
    expect(parseByteRange(header, 10)).toBe('unsatisfiable')
  })

  // RFC 9110, section 14.2: a server may ignore the header, and must where it does not understand it.
  test.each([undefined, '', 'bytes=-', 'bytes=5-4', 'bytes=0-1,3-4', 'bytes=a-b', 'bytes=1.5-2', 'bytes=--1', 'bytes 0-1', 'items=0-1'])(
    '%j is ignored',
    (header) => {
      expect(parseByteRange(header, 10)).toBeUndefined()
    },
  )

  test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1'])('%j cannot be satisfied by an object without bytes', (header) => {
    expect(parseByteRange(header, 0)).toBe('unsatisfiable')
  })
})
