import { describe, expect, test } from 'vitest'
import { isMet, median, percentile, ratios, takeTurns } from './figure.ts'

describe('figures', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([9, 1, 5])).toBe(5)
  })

  test('the median of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError)
  })

  test('a percentile is a value that was measured, whatever the order', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(hundred, 0.95)).toBe(95)
    expect(percentile([3, 1, 2], 0.95)).toBe(3)
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })

  test('one bad round does not decide whether a goal is met', () => {
    expect(isMet({ goal: { direction: 'at least', value: 0.7 }, values: [0.8, 0.1, 0.75] })).toBe(true)
    expect(isMet({ goal: { direction: 'at most', value: 64 }, values: [70, 65, 10] })).toBe(false)
  })

  test('ratios are taken round by round', () => {
    expect(ratios([10, 30], [20, 10])).toEqual([0.5, 3])
  })

  test('sides take turns, and their first turns do not count', async () => {
    const order: string[] = []
    const side = (name: string) => async () => order.push(name)
    expect(await takeTurns(2, { baseline: side('baseline'), ours: side('ours') })).toEqual({ baseline: [3, 5], ours: [4, 6] })
    expect(order).toEqual(['baseline', 'ours', 'baseline', 'ours', 'baseline', 'ours'])
  })
})
