import { Redis, type Result } from 'ioredis'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'

/** Counters that every process of an installation sees. */
export interface SharedCounters {
  /**
   * Takes a token of the bucket, which holds a minute's budget and is refilled evenly.
   *
   * @returns 0 when there was one, else the seconds until there is; `undefined`, maybe without a promise, while Redis is away.
   */
  takeToken(bucket: string, perMinute: number): Promise<number | undefined> | undefined
}

/** A connection to Redis that is opened by its first use. */
export interface RedisConnection extends SharedCounters {
  /** Ends it. */
  close(): void
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    terraceTakeToken(key: string, perMinute: number): Result<number, Context>
  }
}

// A request waits for this; what takes longer is counted in this process.
const COMMAND_TIMEOUT_MS = 250
const CONNECT_TIMEOUT_MS = 5000
const MAX_RECONNECT_MS = 5000
/** Time without a question after one was not answered: a Redis that hangs must not cost every request its timeout. */
const PAUSE_MS = 5000
const KEY_PREFIX = 'terrace:rate:'

// By the clock of Redis, which all processes share. A bucket that nobody touches for a minute is full again and may be forgotten.
const TAKE_TOKEN = `
local capacity = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or capacity
local per_ms = capacity / 60000
tokens = math.min(capacity, tokens + math.max(0, now - (tonumber(bucket[2]) or now)) * per_ms)
local wait = 0
if tokens >= 1 then
  tokens = tokens - 1
else
  wait = math.ceil((1 - tokens) / per_ms / 1000)
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return wait
`

/**
 * Redis for counters that processes share. While it is away nothing fails and nothing waits: the answer is `undefined`. Going away
 * and coming back are each logged once.
 */
export function createRedisConnection({ url, clock, logger }: { url: string; clock: Clock; logger: Logger }): RedisConnection {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_MS),
    connectionName: 'terrace',
  })
  redis.defineCommand('terraceTakeToken', { numberOfKeys: 1, lua: TAKE_TOKEN })
  let isAway = false
  let pausedUntilMs = 0

  function noteAway(error: unknown): undefined {
    pausedUntilMs = clock.now() + PAUSE_MS
    if (!isAway) logger.warn({ err: error }, 'Redis does not answer: every process counts requests for itself')
    isAway = true
    return undefined
  }

  function noteAnswer(wait: number): number {
    if (isAway) logger.info('Redis answers again: processes share their limits of requests')
    isAway = false
    return wait
  }

  redis.on('error', noteAway)
  redis.on('ready', () => {
    pausedUntilMs = 0
  })
  return {
    takeToken(bucket, perMinute) {
      // What fails here is reported by the `error` event as well.
      if (redis.status === 'wait') redis.connect().catch(noteAway)
      if (redis.status !== 'ready' || clock.now() < pausedUntilMs) return undefined
      return redis.terraceTakeToken(KEY_PREFIX + bucket, perMinute).then(noteAnswer, noteAway)
    },
    close: () => redis.disconnect(),
  }
}
