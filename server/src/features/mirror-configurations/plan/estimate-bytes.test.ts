import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateBytes, spreadIndexes } from './estimate-bytes.ts'

const sized = (group: string, bytes?: number) => ({ group, family: group.split(' ')[0] ?? '', bytes })

describe('the estimate', () => {
  test('takes what was measured, and the nearest average for the rest', () => {
    expect(
      estimateBytes([
        sized('a linux', 100),
        sized('a linux', 200),
        sized('a linux'),
        sized('a darwin', 400),
        sized('a windows'),
        sized('b linux'),
      ]),
    ).toEqual([100, 200, 150, 400, 233, 233])
  })

  test('of nothing measured is nothing', () => {
    expect(estimateBytes([sized('a linux')])).toEqual([0])
  })

  // The promise of the issue, for a provider that grows from version to version as real ones do.
  test('of one package in five is within 5 % of the whole', () => {
    const sizes = Array.from({ length: 1000 }, (_, index) => 20_000_000 + index * 40_000 + (index % 4) * 1_500_000)
    const measured = new Set(spreadIndexes(sizes.length, 200))
    const packages = sizes.map((bytes, index) => sized(`a ${index % 4}`, measured.has(index) ? bytes : undefined))
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
    expect(Math.abs(sum(estimateBytes(packages)) / sum(sizes) - 1)).toBeLessThan(0.05)
  })

  test('measures distinct packages from the first on', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 1, max: 500 }), (count, limit) => {
        const indexes = spreadIndexes(count, limit)
        expect(indexes).toHaveLength(Math.min(count, limit))
        expect(new Set(indexes).size).toBe(indexes.length)
        expect(indexes.every((index) => index < count)).toBe(true)
      }),
    )
  })
})
