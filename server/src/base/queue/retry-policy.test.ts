import { describe, expect, test } from 'vitest'
import { RegistryError } from '../errors.ts'
import { explainFailure, retryDelayMs } from './retry-policy.ts'

describe('the wait before the next try', () => {
  test('doubles after each try, from the initial delay', () => {
    expect([1, 2, 3, 4].map((tries) => retryDelayMs(tries, 1000))).toEqual([1000, 2000, 4000, 8000])
  })

  test('is five minutes at most', () => {
    expect(retryDelayMs(40, 1000)).toBe(300_000)
  })

  test('is as long as the other side asks, when that is longer', () => {
    expect(retryDelayMs(1, 1000, 60_000)).toBe(60_000)
    expect(retryDelayMs(5, 1000, 2000)).toBe(16_000)
  })
})

describe('what an error means for its item', () => {
  test.each([['UPSTREAM_UNAVAILABLE'], ['DATABASE_UNAVAILABLE'], ['STORAGE_FULL'], ['STORAGE_UNAVAILABLE']] as const)(
    '%s is tried again',
    (code) => {
      expect(explainFailure(new RegistryError(code, 'Cannot "x": y'))).toMatchObject({ code, permanent: false, deferred: false })
    },
  )

  test.each([['UPSTREAM_RATE_LIMITED'], ['PUBLISH_IN_PROGRESS']] as const)('%s is waited for', (code) => {
    const error = new RegistryError(code, 'Cannot "x": y', { retryAfterSeconds: 30 })
    expect(explainFailure(error)).toMatchObject({ permanent: false, deferred: true, retryAfterMs: 30_000 })
  })

  test.each([['CHECKSUM_MISMATCH'], ['INVALID_SIGNATURE'], ['UPSTREAM_REFUSED'], ['OUTBOUND_BLOCKED']] as const)('%s is final', (code) => {
    expect(explainFailure(new RegistryError(code, 'Cannot "x": y'))).toMatchObject({ code, message: 'Cannot "x": y', permanent: true })
  })

  // The text of a defect may hold anything, a password in a URL for one.
  test('an unexpected error is tried again and its text is not shown', () => {
    const failure = explainFailure(new Error('connect postgres://user:secret@host'))
    expect(failure).toMatchObject({ code: 'INTERNAL', permanent: false })
    expect(failure.message).not.toContain('secret')
  })
})
