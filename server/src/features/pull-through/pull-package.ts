import { setTimeout as delay } from 'node:timers/promises'
import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { ERROR_CODES, type ErrorCode, RegistryError } from '../../base/errors.ts'
import type { LatestItem } from '../../base/queue/job-queue.ts'
import { withObjectClaims } from '../intake/index.ts'
import type { FetchPackageInput, PackageIdentity } from '../mirror/index.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, REFUSED_CODES, stateOf, upstreamFailure } from './upstream-failures.ts'
import type { Waits } from './waits.ts'
import { withinTime } from './within-time.ts'

/** Items of this kind have workers of their own: somebody waits for them, and a large job must not be in their way. */
export const PULL_PACKAGE = 'provider.pull_package'

/** Fetches packages that somebody waits for. */
export interface Pulls {
  /**
   * Resolves when the package is held. Over all processes it is fetched once, however many wait; a waiter that leaves, or whose time
   * is over, does not end the fetch.
   * @throws {RegistryError} UPSTREAM_UNAVAILABLE after `Waits.packageMs`; what the fetch failed with.
   */
  pull(wanted: PackageIdentity): Promise<void>
}

type PullDeps = Pick<PullThroughDeps, 'database' | 'queue' | 'jobs'>

/** One package that is being fetched, with the latest time at which somebody still waits. */
interface Watch {
  readonly done: Promise<void>
  untilMs: number
}

const POLL_MS = 100
const CREATE_WAIT_MS = 5_000
/** What failed is not tried again at once: those who come meanwhile get the same answer. */
const FAILED_MS = 3_000
/** The same for what failed its verification: it costs a whole download. */
const REFUSED_MS = 60_000

/** Fetches by jobs, so that quarantine, retries and audit are those of every other load (C18). */
export function createPulls(deps: PullDeps, { packageMs }: Pick<Waits, 'packageMs'>): Pulls {
  const watches = new Map<string, Watch>()
  const start = (wanted: PackageIdentity, key: string): Watch => {
    const watch: Watch = { untilMs: 0, done: undefined as never }
    const done = watchPackage(deps, wanted, watch).finally(() => watches.delete(key))
    // Never unhandled: whoever waited may be gone.
    done.catch(() => undefined)
    return Object.assign(watch, { done })
  }
  return {
    async pull(wanted) {
      const key = itemKey(wanted)
      const watch = watches.get(key) ?? start(wanted, key)
      watches.set(key, watch)
      watch.untilMs = performance.now() + packageMs
      await withinTime(watch.done, packageMs, () => stillFetching(wanted, packageMs))
    },
  }
}

async function watchPackage(deps: PullDeps, wanted: PackageIdentity, watch: Watch): Promise<void> {
  await ensureItem(deps, wanted)
  for (;;) {
    const item = await deps.queue.findLatestItem(PULL_PACKAGE, itemKey(wanted))
    const leftMs = watch.untilMs - performance.now()
    if (item === undefined || item.state === 'completed') return
    // The next try is beyond everybody's patience: an upstream that asks to wait says so at once.
    const isPaused = item.state === 'pending' && item.errorCode !== null && item.dueInMs > leftMs
    if (item.state === 'failed' || isPaused) throw explainItem(wanted, item)
    if (leftMs <= 0) return
    await delay(POLL_MS)
  }
}

/** Queues the fetch unless it is queued, running, or has just failed; one process at a time decides. */
async function ensureItem({ database, queue, jobs }: PullDeps, wanted: PackageIdentity): Promise<void> {
  const key = itemKey(wanted)
  await withObjectClaims(database.db, { keys: [`pulls/${key}`], waitMs: CREATE_WAIT_MS }, async () => {
    const latest = await queue.findLatestItem(PULL_PACKAGE, key)
    if (latest !== undefined && isCurrent(latest)) return
    const input: FetchPackageInput = { ...wanted.address, version: wanted.version, platform: formatPlatform(wanted.platform) }
    await database.db.transaction().execute((tx) =>
      queue.createJob(tx, {
        kind: 'provider.pull_through',
        title: `Fetch on demand: ${key}`,
        createdBy: 'pull-through',
        items: [{ kind: PULL_PACKAGE, key, input }],
      }),
    )
    jobs.wake()
  })
}

function isCurrent({ state, errorCode, endedAgoMs }: LatestItem): boolean {
  if (state === 'completed') return false
  return endedAgoMs === null || endedAgoMs < (REFUSED_CODES.has(errorCode ?? '') ? REFUSED_MS : FAILED_MS)
}

function itemKey({ address, version, platform }: PackageIdentity): string {
  return `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
}

function packageStep(wanted: PackageIdentity): FailedStep {
  const name = `"${formatProviderAddress(wanted.address)}" "${wanted.version}" for "${formatPlatform(wanted.platform)}"`
  return { action: `fetch ${name}`, hostname: wanted.address.hostname, step: 'package' }
}

function stillFetching(wanted: PackageIdentity, waitedMs: number): RegistryError {
  return upstreamFailure('UPSTREAM_UNAVAILABLE', packageStep(wanted), { state: `it is not here after ${waitedMs / 1000} seconds` })
}

function explainItem(wanted: PackageIdentity, { errorCode, errorMessage, dueInMs, state }: LatestItem): unknown {
  const code: ErrorCode = errorCode !== null && Object.hasOwn(ERROR_CODES, errorCode) ? (errorCode as ErrorCode) : 'INTERNAL'
  const message = errorMessage ?? 'the reason is not known'
  const step = packageStep(wanted)
  if (REFUSED_CODES.has(code)) return upstreamFailure('UPSTREAM_REFUSED', step, { state: `it failed verification, ${stateOf(message)}` })
  const wait = state === 'pending' ? { retryAfterSeconds: Math.ceil(dueInMs / 1000) } : {}
  return explainUpstreamFailure(new RegistryError(code, message, wait), step)
}
