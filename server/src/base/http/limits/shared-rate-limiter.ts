import type { Clock } from '../../clock.ts'
import type { SharedCounters } from '../../redis/redis-connection.ts'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'

/** What a limiter of several processes needs. */
export interface SharedRateLimiterOptions {
  readonly counters: SharedCounters
  /** Keeps the budgets of different limiters apart. */
  readonly name: string
  readonly perMinute: number
  readonly clock: Clock
}

/**
 * The same budget as `createRateLimiter`, but one for all processes. While the counters are away each process has a budget of its
 * own: a client may then send more, but nobody is locked out.
 */
export function createSharedRateLimiter({ counters, name, perMinute, clock }: SharedRateLimiterOptions): RateLimiter {
  const local = createRateLimiter({ perMinute, clock })
  return {
    perMinute,
    take(clientKey) {
      const shared = counters.takeToken(`${name}:${clientKey}`, perMinute)
      return shared === undefined ? local.take(clientKey) : shared.then((wait) => wait ?? local.take(clientKey))
    },
  }
}
