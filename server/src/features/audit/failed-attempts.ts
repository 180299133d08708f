import { LRUCache } from 'lru-cache'
import type { Deps } from '../../base/deps.ts'
import { clientKey } from '../../base/http/client-address.ts'
import type { FailedAttempt } from '../../base/http/error-handler.ts'
import { createRateLimiter } from '../../base/http/limits/rate-limiter.ts'
import { redactText } from '../../base/redact.ts'
import { type AuditEntry, recordAuditBatch } from './record-audit.ts'

/** Writes denied requests and failed changes to the audit. */
export interface AttemptRecorder {
  /** Returns at once and never throws: what cannot be written is logged. */
  (attempt: FailedAttempt): void
  /** Resolves when everything recorded so far is written. */
  flush(): Promise<void>
}

const WINDOW_MS = 60_000
const MAX_KINDS = 1000
const MAX_RECORDS_PER_MINUTE = 300
// A commit on SQLite stops the thread that answers for some milliseconds: a few of them a second are felt by every hundredth request.
const PAUSE_MS = 1000

interface Seen {
  readonly sinceMs: number
  repeats: number
}

/**
 * A client with an expired token can fail thousands of times a minute. The first failure of a kind (who, from where, what, why)
 * is written at once; the next ones within a minute are counted, and the count goes into the first record after that. However
 * many clients fail at once, no more than 300 records a minute are written; `suppressed` in the next one says how many were not.
 */
export function createAttemptRecorder(deps: Pick<Deps, 'database' | 'clock' | 'logger'>): AttemptRecorder {
  const seenKinds = new LRUCache<string, Seen>({ max: MAX_KINDS })
  const budget = createRateLimiter({ perMinute: MAX_RECORDS_PER_MINUTE, clock: deps.clock })
  const writer = createBatchWriter(deps)
  let suppressed = 0

  function record(attempt: FailedAttempt): void {
    const { origin, action, code } = attempt
    const kind = JSON.stringify([origin.actor.name, origin.actor.credentialId, clientKey(origin.ip ?? ''), action, code])
    const nowMs = deps.clock.now()
    const seen = seenKinds.get(kind)
    if (seen !== undefined && nowMs - seen.sinceMs < WINDOW_MS) {
      seen.repeats += 1
      return
    }
    if (budget.take('') > 0) {
      suppressed += 1
      return
    }
    const counts = { ...(seen && seen.repeats > 0 && { repeats: seen.repeats }), ...(suppressed > 0 && { suppressed }) }
    suppressed = 0
    seenKinds.set(kind, { sinceMs: nowMs, repeats: 0 })
    const { outcome, path } = attempt
    writer.add({ at: nowMs, origin, outcome, action, object: redactText(path), details: { code, ...counts } })
  }

  return Object.assign(record, { flush: writer.flush })
}

/**
 * One transaction a second, with all that has come in since the one before; the first at once. So a change that succeeds waits for
 * one of them at most, and who asks is not kept waiting by the commits of a flood.
 */
function createBatchWriter({ database, logger }: Pick<Deps, 'database' | 'logger'>) {
  let waiting: AuditEntry[] = []
  let writing: Promise<void> | undefined
  let pause: NodeJS.Timeout | undefined

  async function writeBatch(): Promise<void> {
    const batch = waiting
    waiting = []
    try {
      await recordAuditBatch(database.db, batch)
    } catch (err) {
      const attempts = batch.map(({ action, origin }) => ({ action, request_id: origin.requestId }))
      logger.error({ err, attempts }, 'Denied requests could not be written to the audit')
    }
    writing = undefined
    pause = setTimeout(endPause, PAUSE_MS).unref()
  }

  function endPause(): void {
    clearTimeout(pause)
    pause = undefined
    if (waiting.length > 0) writing ??= writeBatch()
  }

  return {
    add(entry: AuditEntry): void {
      waiting.push(entry)
      if (pause === undefined) writing ??= writeBatch()
    },
    async flush(): Promise<void> {
      await writing
      endPause()
      await writing
    },
  }
}
