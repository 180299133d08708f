import { setTimeout as delay } from 'node:timers/promises'
import { ERROR_CODES, type ErrorCode, RegistryError } from '../../base/errors.ts'
import type { LatestItem, NewJob } from '../../base/queue/job-queue.ts'
import { withObjectClaims } from '../intake/index.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, REFUSED_CODES, stateOf, upstreamFailure } from './upstream-failures.ts'
import { withinTime } from './within-time.ts'

/** What is fetched by job items of one kind, each because somebody waits for it. */
export interface PullKind<Wanted> {
  readonly itemKind: string
  /** The same for all who want the same. */
  keyOf(wanted: Wanted): string
  /** What fetches it: a job with one item. Called by one process at a time, when nobody is fetching it yet. */
  describeJob(wanted: Wanted): NewJob | Promise<NewJob>
  /** Whether there is nothing to fetch any more: another process was quicker, or a load has brought it. By default there always is. */
  isHeld?(wanted: Wanted): Promise<boolean>
  /** Failures beside those of verification that may have cost a whole download, and stay for a while. By default there are none. */
  isFinal?(code: string): boolean
  /** For messages. */
  stepOf(wanted: Wanted): FailedStep
  /** Turns the failure of an item into what the waiter is told; without it, into the failure of an upstream. */
  explain?(wanted: Wanted, failure: RegistryError): unknown
}

/** Fetches what somebody waits for. */
export interface Pulls<Wanted> {
  /**
   * Resolves when it is held. Over all processes it is fetched once, however many wait; a waiter that leaves, or whose time is over,
   * does not end the fetch.
   * @throws {RegistryError} UPSTREAM_UNAVAILABLE after `waitMs`; what the fetch failed with.
   */
  pull(wanted: Wanted, waitMs: number): Promise<void>
}

type PullDeps = Pick<PullThroughDeps, 'database' | 'queue' | 'jobs'>

/** One thing that is being fetched, with the latest time at which somebody still waits. */
interface Watch {
  readonly done: Promise<void>
  untilMs: number
}

const POLL_MS = 100
const CREATE_WAIT_MS = 5_000
/** What failed is not tried again at once: those who come meanwhile get the same answer. */
const FAILED_MS = 3_000
/** The same for what failed its verification, and for what is final: it costs a whole download. */
const REFUSED_MS = 60_000

/** Fetches by jobs, so that quarantine, retries and audit are those of every other load (C18). */
export function createPulls<Wanted>(deps: PullDeps, kind: PullKind<Wanted>): Pulls<Wanted> {
  const watches = new Map<string, Watch>()
  const start = (wanted: Wanted, key: string): Watch => {
    const watch: Watch = { untilMs: 0, done: undefined as never }
    const done = fetchOnce(deps, kind, { wanted, watch }).finally(() => watches.delete(key))
    // Never unhandled: whoever waited may be gone.
    done.catch(() => undefined)
    return Object.assign(watch, { done })
  }
  return {
    async pull(wanted, waitMs) {
      const key = kind.keyOf(wanted)
      const watch = watches.get(key) ?? start(wanted, key)
      watches.set(key, watch)
      watch.untilMs = Math.max(watch.untilMs, performance.now() + waitMs)
      await withinTime(watch.done, waitMs, () => stillFetching(kind.stepOf(wanted), waitMs))
    },
  }
}

interface Watched<Wanted> {
  readonly wanted: Wanted
  readonly watch: Watch
}

async function fetchOnce<Wanted>(deps: PullDeps, kind: PullKind<Wanted>, watched: Watched<Wanted>): Promise<void> {
  if ((await ensureItem(deps, kind, watched.wanted)) === 'queued') await watchItem(deps, kind, watched)
}

async function watchItem<Wanted>(deps: PullDeps, kind: PullKind<Wanted>, { wanted, watch }: Watched<Wanted>): Promise<void> {
  for (;;) {
    const item = await deps.queue.findLatestItem(kind.itemKind, kind.keyOf(wanted))
    const leftMs = watch.untilMs - performance.now()
    if (item === undefined || item.state === 'completed') return
    // The next try is beyond everybody's patience: an upstream that asks to wait says so at once.
    const isPaused = item.state === 'pending' && item.errorCode !== null && item.dueInMs > leftMs
    if (item.state === 'failed' || isPaused) throw explainItem(kind, wanted, item)
    if (leftMs <= 0) return
    await delay(POLL_MS)
  }
}

/** Queues the fetch unless it is held, queued, running, or has just failed; one process at a time decides. */
function ensureItem<Wanted>({ database, queue, jobs }: PullDeps, kind: PullKind<Wanted>, wanted: Wanted): Promise<'held' | 'queued'> {
  const key = kind.keyOf(wanted)
  return withObjectClaims(database.db, { keys: [`pulls/${key}`], waitMs: CREATE_WAIT_MS }, async () => {
    // Only now: while this process waited to decide, the one before it may have fetched it.
    if ((await kind.isHeld?.(wanted)) === true) return 'held'
    const latest = await queue.findLatestItem(kind.itemKind, key)
    if (latest !== undefined && isCurrent(kind, latest)) return 'queued'
    const job = await kind.describeJob(wanted)
    await database.db.transaction().execute((tx) => queue.createJob(tx, job))
    jobs.wake()
    return 'queued'
  })
}

function isCurrent<Wanted>(kind: PullKind<Wanted>, { state, errorCode, endedAgoMs }: LatestItem): boolean {
  if (state === 'completed') return false
  const code = errorCode ?? ''
  const isRefused = REFUSED_CODES.has(code) || kind.isFinal?.(code) === true
  return endedAgoMs === null || endedAgoMs < (isRefused ? REFUSED_MS : FAILED_MS)
}

function stillFetching(step: FailedStep, waitedMs: number): RegistryError {
  return upstreamFailure('UPSTREAM_UNAVAILABLE', step, { state: `it is not here after ${waitedMs / 1000} seconds` })
}

function explainItem<Wanted>(kind: PullKind<Wanted>, wanted: Wanted, { errorCode, errorMessage, dueInMs, state }: LatestItem): unknown {
  const code: ErrorCode = errorCode !== null && Object.hasOwn(ERROR_CODES, errorCode) ? (errorCode as ErrorCode) : 'INTERNAL'
  const message = errorMessage ?? 'the reason is not known'
  const wait = state === 'pending' ? { retryAfterSeconds: Math.ceil(dueInMs / 1000) } : {}
  const failure = new RegistryError(code, message, wait)
  if (kind.explain !== undefined) return kind.explain(wanted, failure)
  const step = kind.stepOf(wanted)
  if (REFUSED_CODES.has(code)) return upstreamFailure('UPSTREAM_REFUSED', step, { state: `it failed verification, ${stateOf(message)}` })
  return explainUpstreamFailure(failure, step)
}
