import type { Clock } from '../clock.ts'

interface Bucket {
  tokens: number
  atMs: number
}

const MINUTE_MS = 60_000
const GENERATION_CLIENTS = 25_000

/** A budget of requests per client. */
export interface RateLimiter {
  /** Takes one request; 0 when it is allowed, else the seconds until the next one is. */
  take(clientKey: string): number
}

/**
 * Token buckets: a minute's budget at once, refilled evenly, so that the wait is short (the CLI sits silently through
 * `Retry-After`, protocol.md 8.6). Per process; of more than 25 000 clients those seen longest ago are forgotten, of 50 000 at the
 * latest.
 */
export function createRateLimiter({ perMinute, clock }: { perMinute: number; clock: Clock }): RateLimiter {
  const buckets = new Generations<Bucket>(GENERATION_CLIENTS)
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

/** A map of the newest entries: two generations, the older of which goes when the younger is full. Takes no memory in advance. */
class Generations<Value> {
  readonly #size: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
