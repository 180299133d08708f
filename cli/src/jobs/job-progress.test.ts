import { describe, expect, test } from 'vitest'
import { fractionOf, JobProgress } from './job-progress.ts'

const NOTHING = { total: 0, completed: 0, failed: 0, running: 0, bytes_done: 0, bytes_total: 0 }

describe('share of a job that is done', () => {
  test.each([
    [0, NOTHING],
    [0, { ...NOTHING, total: 4 }],
    [0.5, { ...NOTHING, total: 4, completed: 1, failed: 1 }],
    [1, { ...NOTHING, total: 4, completed: 4, bytes_done: 10, bytes_total: 10 }],
    // Two done, one of two running items' bytes missing.
    [0.75, { ...NOTHING, total: 4, completed: 2, running: 2, bytes_done: 30, bytes_total: 40 }],
    // Sizes that do not fit together leave the share within its bounds.
    [0.5, { ...NOTHING, total: 2, completed: 1, running: 1, bytes_done: 0, bytes_total: 1000 }],
    [1, { ...NOTHING, total: 2, completed: 1, running: 1, bytes_done: 50, bytes_total: 40 }],
  ])('is %d', (fraction, sums) => {
    expect(fractionOf(sums)).toBe(fraction)
  })
})

describe('progress of a job', () => {
  test('has rate and time left once it has been watched', () => {
    const progress = new JobProgress()
    const at = (now: number, completed: number, bytes: number) =>
      progress.view(now, { ...NOTHING, total: 10, completed, bytes_done: bytes, bytes_total: bytes }).text
    expect(at(0, 0, 0)).toBe('0 of 10 items')
    expect(at(1_000, 1, 1_500_000)).toBe('1 of 10 items, 1.5 MB, 1.5 MB/s, about 9 s left')
    expect(at(60_000, 5, 3_000_000)).toBe('5 of 10 items, 3.0 MB, 25.4 kB/s, about 1 min 00 s left')
  })

  test('names failures, and no end that it cannot know', () => {
    expect(new JobProgress().view(0, { ...NOTHING, total: 1, failed: 1 })).toEqual({ fraction: 1, text: '1 of 1 item, 1 failed' })
  })
})
