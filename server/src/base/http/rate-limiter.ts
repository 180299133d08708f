import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'

interface Bucket {
  tokens: number
  atMs: number
}

const MINUTE_MS = 60_000
const MAX_CLIENTS = 50_000

/** A budget of requests per client. */
export interface RateLimiter {
  /** Takes one request; 0 when it is allowed, else the seconds until the next one is. */
  take(clientKey: string): number
}

/**
 * Token buckets: a minute's budget at once, refilled evenly, so that the wait is short (the CLI sits silently through
 * `Retry-After`, protocol.md 8.6). Per process; the clients seen longest ago are forgotten above 50 000.
 */
export function createRateLimiter({ perMinute, clock }: { perMinute: number; clock: Clock }): RateLimiter {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_CLIENTS })
  const perMs = perMinute / MINUTE_MS
  return {
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
