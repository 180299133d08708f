import { setTimeout as delay } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import type { ClaimedItem, JobQueue, RecordEffect } from './job-types.ts'
import { type KeptLease, keepLease, LeaseLostError } from './keep-lease.ts'
import { explainFailure } from './retry-policy.ts'

/** What a handler is given besides its item. */
export interface JobItemContext {
  /** Aborted when the lease is lost or the worker stops; the handler should then end soon, by an error. */
  readonly signal: AbortSignal
  /** Tells how far the item is, in bytes; costs nothing. */
  readonly progress: (bytesDone: number, bytesTotal?: number | null) => void
}

/**
 * Does the work of one item. It may run again for the same item, so it must be idempotent. What it wants to write together with
 * the item's completion it returns as a function of the transaction; that one runs only while the lease is still ours.
 */
export type JobHandler<Input = unknown> = (
  item: ClaimedItem<Input>,
  context: JobItemContext,
) => Promise<RecordEffect | undefined> | Promise<void>

/** A running worker. */
export interface Worker {
  /** Looks for items now instead of at the next poll. */
  wake(): void
  /**
   * Takes no more items, gives the running ones `graceMs` to end, then aborts them and gives them back, for somebody else to take
   * at once. Resolves when nothing runs any more.
   */
  stop(graceMs: number): Promise<void>
}

/** What a worker works on. */
export interface WorkerOptions {
  readonly queue: JobQueue
  /** By the kind of item; items of other kinds are left to other workers. */
  readonly handlers: Readonly<Record<string, JobHandler<never>>>
  /** Items at the same time. */
  readonly concurrency: number
  /** How long it takes at most until work that another process has queued is seen. */
  readonly pollMs: number
  /** How long an item stays ours without a heartbeat: how long the work of a killed process rests. */
  readonly leaseMs: number
  readonly logger: Pick<BaseLogger, 'info' | 'warn' | 'error'>
}

/** Starts to claim and run items. It never throws and no handler can stop it; a database that is away is asked again. */
export function startWorker(options: WorkerOptions): Worker {
  const worker = new RunningWorker(options)
  worker.start()
  return { wake: () => worker.wake(), stop: (graceMs) => worker.stop(graceMs) }
}

class WorkerStoppedError extends Error {
  override readonly name = 'WorkerStoppedError'
}

interface RunningItem {
  readonly item: ClaimedItem
  readonly lease: KeptLease
  readonly done: Promise<void>
}

/** After the abort, a handler has this long to end by itself before its item is given back over its head. */
const ABORT_GRACE_MS = 2000

class RunningWorker {
  readonly #options: WorkerOptions
  readonly #running = new Map<string, RunningItem>()
  #loop: Promise<void> = Promise.resolve()
  #stopping = false
  #databaseAway = false
  #woken = false
  #endPause: (() => void) | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop = this.#work()
  }

  wake(): void {
    this.#woken = true
    this.#endPause?.()
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#loop
    await this.#settled(graceMs)
    for (const { lease } of this.#running.values()) lease.abort(new WorkerStoppedError('The worker stops'))
    await this.#settled(ABORT_GRACE_MS)
    for (const { item, lease } of this.#running.values()) {
      lease.stop()
      await this.#giveBack(item)
    }
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      const item = this.#running.size < this.#options.concurrency ? await this.#claim() : undefined
      if (item === undefined) await this.#pause()
      else this.#begin(item)
    }
  }

  async #claim(): Promise<ClaimedItem | undefined> {
    const { queue, handlers, leaseMs, logger } = this.#options
    this.#woken = false
    try {
      const item = await queue.claim(Object.keys(handlers), { leaseMs })
      if (this.#databaseAway) logger.info('the job queue can be read again')
      this.#databaseAway = false
      return item
    } catch (err) {
      // Once per outage, not once per poll.
      if (!this.#databaseAway) logger.warn({ err }, 'the job queue cannot be read; it is tried again')
      this.#databaseAway = true
      return undefined
    }
  }

  /** Until something happens: a wake-up, the end of an item, or the next poll. */
  async #pause(): Promise<void> {
    if (this.#woken) {
      this.#woken = false
      return
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.pollMs)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
    this.#woken = false
  }

  #begin(item: ClaimedItem): void {
    const { queue, logger } = this.#options
    const lease = keepLease({ queue, item, logger })
    const done = this.#run(item, lease).finally(() => {
      lease.stop()
      this.#running.delete(item.leaseToken)
      this.wake()
    })
    this.#running.set(item.leaseToken, { item, lease, done })
  }

  async #run(item: ClaimedItem, lease: KeptLease): Promise<void> {
    const { queue, handlers, logger } = this.#options
    try {
      const handler = handlers[item.kind] as JobHandler
      const record = await handler(item, { signal: lease.signal, progress: lease.report })
      lease.signal.throwIfAborted()
      const completed = await queue.complete(item, lease.progress(), record ?? undefined)
      if (!completed) throw new LeaseLostError('Another worker has taken the item, or it was cancelled')
    } catch (error) {
      await this.#settleFailure(item, lease, error).catch((err: unknown) => {
        logger.error({ err, item_id: item.id }, 'a failed job item could not be recorded; it is tried again when its lease ends')
      })
    }
  }

  async #settleFailure(item: ClaimedItem, lease: KeptLease, error: unknown): Promise<void> {
    const { queue, logger } = this.#options
    const fields = { item_id: item.id, job_id: item.jobId, kind: item.kind, key: item.key, attempt: item.attempt }
    // After an abort, the handler's own error only says that it was aborted.
    const cause: unknown = lease.signal.aborted ? lease.signal.reason : error
    if (cause instanceof WorkerStoppedError) return await this.#giveBack(item)
    if (cause instanceof LeaseLostError) return logger.warn({ ...fields, err: cause }, 'job item lost to another worker, or cancelled')
    const failure = explainFailure(cause)
    if (failure.code === 'INTERNAL') logger.error({ ...fields, err: cause }, 'job item failed unexpectedly')
    else logger.warn({ ...fields, code: failure.code, err: cause }, 'job item failed')
    await queue.fail(item, failure)
  }

  async #giveBack(item: ClaimedItem): Promise<void> {
    const { queue, logger } = this.#options
    await queue.release(item).catch((err: unknown) => {
      logger.warn({ err, item_id: item.id }, 'a job item could not be given back; its lease has to run out')
    })
  }

  async #settled(withinMs: number): Promise<void> {
    if (this.#running.size === 0) return
    const control = new AbortController()
    const ended = Promise.allSettled([...this.#running.values()].map(({ done }) => done))
    await Promise.race([ended, delay(withinMs, undefined, { signal: control.signal }).catch(() => undefined)])
    control.abort()
  }
}
