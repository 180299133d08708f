import type { Clock, UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'

/** State of one dependency. */
export type CheckStatus = 'ok' | 'failed'

/** States of everything the server depends on. */
export interface CheckResults {
  readonly database: CheckStatus
  readonly storage: CheckStatus
}

/** What the checks look at. */
export type HealthDeps = Pick<Deps, 'database' | 'clock' | 'logger'> & { readonly store: Pick<Deps['store'], 'check'> }

const CHECK_TIMEOUT_MS = 2000
const REMEMBER_DATABASE_MS = 1000
// The storage check writes, reads and deletes an object: not more often than a probe needs it.
const REMEMBER_STORAGE_MS = 15_000

/** Checks of the dependencies; results are remembered for a moment, so that nobody can load the server by asking for them. */
export interface HealthChecks {
  database(): Promise<CheckStatus>
  all(): Promise<CheckResults>
}

interface RememberOptions {
  readonly clock: Clock
  readonly lifeMs: number
}

function remember<Result>(run: () => Promise<Result>, { clock, lifeMs }: RememberOptions): () => Promise<Result> {
  let last: { readonly atMs: UnixMs; readonly result: Promise<Result> } | undefined
  return () => {
    const nowMs = clock.now()
    if (last === undefined || nowMs - last.atMs >= lifeMs || nowMs < last.atMs) last = { atMs: nowMs, result: run() }
    return last.result
  }
}

async function withinTime(run: () => Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`No answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS)
  try {
    await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The checks of a running server. A failure is logged, never shown: it may name hosts and paths. */
export function createHealthChecks({ database, store, clock, logger }: HealthDeps): HealthChecks {
  const check = (name: string, run: () => Promise<void>) => async (): Promise<CheckStatus> => {
    try {
      await withinTime(run)
      return 'ok'
    } catch (err) {
      logger.warn({ err, check: name }, 'Health check failed')
      return 'failed'
    }
  }
  const checkDatabase = remember(
    check('database', () => database.ping(CHECK_TIMEOUT_MS)),
    { clock, lifeMs: REMEMBER_DATABASE_MS },
  )
  const checkStorage = remember(
    check('storage', () => store.check()),
    { clock, lifeMs: REMEMBER_STORAGE_MS },
  )
  return {
    database: checkDatabase,
    async all() {
      const [databaseStatus, storageStatus] = await Promise.all([checkDatabase(), checkStorage()])
      return { database: databaseStatus, storage: storageStatus }
    },
  }
}
