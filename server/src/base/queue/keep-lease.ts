import type { BaseLogger } from 'pino'
import type { ClaimedItem, ItemProgress, JobQueue } from './job-types.ts'

/** The lease of one running item. */
export interface KeptLease {
  /** Aborted with a {@link LeaseLostError} when the lease is lost. */
  readonly signal: AbortSignal
  readonly progress: () => ItemProgress
  /** Notes how far the item is; written at the next beat. */
  report(bytesDone: number, bytesTotal?: number | null): void
  /** Aborts the signal for another reason. */
  abort(reason: Error): void
  /** Ends the beats. */
  stop(): void
}

/** Another worker may hold the item by now, or it was cancelled; whatever is still done for it does not count. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

interface KeepLeaseOptions {
  readonly queue: Pick<JobQueue, 'heartbeat'>
  readonly item: ClaimedItem
  readonly logger: Pick<BaseLogger, 'warn'>
}

/** Somebody watches the progress of a download: it is written this often at least, while it changes. */
const PROGRESS_MS = 1000

/**
 * Renews the lease of an item every third of its life, or earlier when there is progress to tell. A beat that fails is tried
 * again; when none has come through for a whole life, the lease is lost too, because another worker may have it.
 */
export function keepLease({ queue, item, logger }: KeepLeaseOptions): KeptLease {
  const control = new AbortController()
  let current: ItemProgress = { bytesDone: 0, bytesTotal: null }
  let written = current
  // Not the wall clock: it may jump.
  let renewedAt = performance.now()
  let beating = false
  const age = () => performance.now() - renewedAt

  const beat = async () => {
    const told = current
    const asked = performance.now()
    try {
      if (!(await queue.heartbeat(item, told)))
        return control.abort(new LeaseLostError('Another worker has taken the item, or it was cancelled'))
      renewedAt = asked
      written = told
    } catch (err) {
      logger.warn({ err, item_id: item.id }, 'a heartbeat failed; it is tried again')
      if (age() >= item.leaseMs) control.abort(new LeaseLostError('The lease could not be renewed in time'))
    }
  }
  const timer = setInterval(
    () => {
      if (beating || control.signal.aborted || (current === written && age() < item.leaseMs / 3)) return
      beating = true
      void beat().finally(() => {
        beating = false
      })
    },
    Math.min(item.leaseMs / 3, PROGRESS_MS),
  )
  return {
    signal: control.signal,
    progress: () => current,
    report: (bytesDone, bytesTotal = null) => {
      current = { bytesDone, bytesTotal }
    },
    abort: (reason) => control.abort(reason),
    stop: () => clearInterval(timer),
  }
}
