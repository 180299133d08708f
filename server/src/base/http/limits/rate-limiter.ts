import type { Clock } from '../../clock.ts'
import { Generations } from './generations.ts'

interface Bucket {
  tokens: number
  atMs: number
}

const MINUTE_MS = 60_000
const GENERATION_CLIENTS = 25_000

/** A budget of requests per client. */
export interface RateLimiter {
  /** Requests that a client may send at once, and each minute. */
  readonly perMinute: number
  /** Takes one request; 0 when it is allowed, else the seconds until the next one is. No promise where nobody has to be asked. */
  take(clientKey: string): number | Promise<number>
}

/** One that is kept in this process. */
export interface LocalRateLimiter extends RateLimiter {
  take(clientKey: string): number
}

/**
 * Token buckets: a minute's budget at once, refilled evenly, so that the wait is short (the CLI sits silently through
 * `Retry-After`, protocol.md 8.6). Per process; of more than 25 000 clients those seen longest ago are forgotten, of 50 000 at the
 * latest.
 */
export function createRateLimiter({ perMinute, clock }: { perMinute: number; clock: Clock }): LocalRateLimiter {
  const buckets = new Generations<Bucket>(GENERATION_CLIENTS)
  const perMs = perMinute / MINUTE_MS
  return {
    perMinute,
    take(clientKey) {
      const nowMs = clock.now()
      let bucket = buckets.get(clientKey)
      if (bucket === undefined) {
        bucket = { tokens: perMinute, atMs: nowMs }
        buckets.set(clientKey, bucket)
      }
      bucket.tokens = Math.min(perMinute, bucket.tokens + Math.max(0, nowMs - bucket.atMs) * perMs)
      bucket.atMs = nowMs
      if (bucket.tokens >= 1) {
        bucket.tokens -= 1
        return 0
      }
      return Math.ceil((1 - bucket.tokens) / perMs / 1000)
    },
  }
}
