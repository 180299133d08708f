import { type ErrorCode, RegistryError } from '../errors.ts'
import type { ItemFailure } from './job-types.ts'

const MAX_DELAY_MS = 300_000

/**
 * How long to wait before the next try: `initialDelayMs` after the first one, then twice as long each time, at most five minutes;
 * longer when the other side asked for it.
 */
export function retryDelayMs(tries: number, initialDelayMs: number, retryAfterMs = 0): number {
  const backOff = initialDelayMs * 2 ** Math.min(Math.max(tries, 1) - 1, 30)
  return Math.max(Math.min(backOff, MAX_DELAY_MS), retryAfterMs)
}

/** Failures of the world around an item, which pass. Everything else that is expected would end the same way again. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
  'PUBLISH_IN_PROGRESS',
])

/** Waiting for somebody else is no failed try: a whole registry's worth of items would otherwise use theirs up on one rate limit. */
const WAITING: ReadonlySet<ErrorCode> = new Set(['UPSTREAM_RATE_LIMITED', 'PUBLISH_IN_PROGRESS'])

/** What a thrown error means for its item. An unexpected one is tried again; its text may hold anything and is not shown. */
export function explainFailure(error: unknown): ItemFailure {
  if (!(error instanceof RegistryError)) {
    return { code: 'INTERNAL', message: 'Unexpected error, described in the log of the server', permanent: false }
  }
  const { code, message, retryAfterSeconds } = error
  return {
    code,
    message,
    permanent: !PASSING.has(code),
    deferred: WAITING.has(code),
    ...(retryAfterSeconds !== undefined && { retryAfterMs: retryAfterSeconds * 1000 }),
  }
}
