import { describe, expect, test } from 'vitest'
import { testClock } from '../../../testing/test-edge.ts'
import { clientKey, networkTest } from '../client-address.ts'
import { createRateLimiter } from './rate-limiter.ts'

describe('rate limiter', () => {
  test('allows a minute at once and then says how long to wait', () => {
    const limiter = createRateLimiter({ perMinute: 20, clock: testClock() })
    const waits = Array.from({ length: 21 }, () => limiter.take('a'))
    expect(waits).toEqual([...Array.from({ length: 20 }, () => 0), 3])
  })

  test('refills evenly', () => {
    const clock = testClock()
    const limiter = createRateLimiter({ perMinute: 60, clock })
    while (limiter.take('a') === 0);
    clock.advance(2000)
    expect([limiter.take('a'), limiter.take('a'), limiter.take('a')]).toEqual([0, 0, 1])
  })

  test('counts clients apart', () => {
    const limiter = createRateLimiter({ perMinute: 1, clock: testClock() })
    expect([limiter.take('a'), limiter.take('b'), limiter.take('a')]).toEqual([0, 0, 60])
  })

  // A caller with many addresses must not be able to fill the memory, nor to make us forget who is asking too much right now.
  test('remembers a client that keeps asking, whoever else comes by', () => {
    const limiter = createRateLimiter({ perMinute: 3, clock: testClock() })
    for (let stranger = 0; stranger < 60_000; stranger++) {
      if (stranger % 20_000 === 0) limiter.take('regular')
      limiter.take(`stranger ${stranger}`)
    }
    expect(limiter.take('regular')).toBeGreaterThan(0)
  })

  test('forgets a client when enough others have come since', () => {
    const limiter = createRateLimiter({ perMinute: 1, clock: testClock() })
    limiter.take('once')
    for (let stranger = 0; stranger < 50_000; stranger++) limiter.take(`stranger ${stranger}`)
    expect(limiter.take('once')).toBe(0)
  })

  test('a clock that goes back takes nothing away', () => {
    const clock = testClock()
    const limiter = createRateLimiter({ perMinute: 2, clock })
    clock.advance(-60_000)
    expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 0])
  })
})

describe('client key', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('of %s is %s', (address, key) => {
    expect(clientKey(address)).toBe(key)
  })
})

describe('network test', () => {
  test.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.0.0.1', false],
    ['fd00::5', true],
    ['fe80::1', false],
    ['nonsense', false],
    [undefined, false],
  ])('%s → %s', (address, expected) => {
    expect(networkTest(['10.0.0.0/8', 'fd00::/8'])(address)).toBe(expected)
  })

  test.each(['10.0.0.0/33', 'x', '10.0.0.0/x', ''])('%j cannot be a network', (network) => {
    expect(() => networkTest([network])).toThrow(`Cannot use network "${network}"`)
  })
})
