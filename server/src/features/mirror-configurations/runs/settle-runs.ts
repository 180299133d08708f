import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { FETCH_PACKAGE } from '../../mirror/index.ts'
import { notify } from '../../notifications/index.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { findMirror, updateMirror } from '../mirror-queries.ts'
import { type EndedRun, findStateBefore, finishRun, listEndedRuns, sumItems } from './run-queries.ts'

/** An error of a run, as its history tells it. */
export interface RunError {
  readonly code: string
  /** Of one of the items. */
  readonly message: string
  readonly count: number
}

/** Errors that say that the upstream is not well, or asks to wait. */
const UPSTREAM_TROUBLE: ReadonlySet<string> = new Set(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_RATE_LIMITED'])

const HOUR_MS = 60 * 60 * 1000
/** The pause between runs grows up to this, or stays the mirror's interval where that is longer. */
const LONGEST_BACK_OFF_MS = 24 * HOUR_MS

/**
 * Writes the outcome of every run whose job has ended, and makes the pause of a mirror longer whose upstream was in trouble. Any
 * number of processes may do it at once; without a mirror, for all.
 */
export async function settleRuns({ database }: Pick<MirrorConfigurationDeps, 'database'>, mirrorId?: string): Promise<void> {
  for (const run of await listEndedRuns(database.db, mirrorId)) {
    await database.db.transaction().execute((tx) => settleRun(tx, run))
  }
}

async function settleRun(tx: Db, run: EndedRun): Promise<void> {
  const items = await sumItems(tx, run.jobId)
  const packages = items.filter(({ kind }) => kind === FETCH_PACKAGE)
  const count = (rows: typeof items) => rows.reduce((total, row) => total + Number(row.count), 0)
  const failed = items.filter(({ state }) => state === 'failed')
  const errors: RunError[] = failed.map((row) => ({
    code: row.errorCode ?? 'INTERNAL',
    message: row.message ?? '',
    count: Number(row.count),
  }))
  const written = await finishRun(tx, {
    id: run.id,
    state: run.state,
    finishedAt: run.finishedAt,
    packages: count(packages),
    fetched: count(packages.filter(({ state }) => state === 'completed')),
    failed: count(failed),
    bytes: packages.reduce((total, { bytes }) => total + Number(bytes), 0),
    errors: encodeJson(errors),
  })
  if (!written) return
  if (run.state === 'failed') await tellFailure(tx, run, errors)
  await adjustPause(tx, run, errors)
}

/** Of runs that fail one after the other, only the first is news. */
async function tellFailure(tx: Db, run: EndedRun, errors: readonly RunError[]): Promise<void> {
  const row = await findMirror(tx, run.mirrorId)
  if (row === undefined || (await findStateBefore(tx, run)) === 'failed') return
  const [first, ...others] = errors
  const more = others.length === 0 ? '' : `; and ${others.length} more kinds of errors`
  await notify(tx, {
    at: run.finishedAt,
    kind: 'mirror_run_failed',
    subject: `mirror ${row.name}`,
    message: `A run of the mirror "${row.name}" failed: ${first?.message ?? 'the reason is not known'}${more}`,
    hint: `See what failed: terrace mirror history ${row.name}; try it again: terrace mirror retry ${run.jobId}`,
    dedupeKey: row.id,
    organizationId: row.organizationId,
  })
}

/** Only the last run of a mirror says how its upstream is. */
async function adjustPause(tx: Db, run: EndedRun, errors: readonly RunError[]): Promise<void> {
  const row = await findMirror(tx, run.mirrorId)
  if (row === undefined || row.currentJobId !== run.jobId || run.state === 'cancelled') return
  if (!errors.some(({ code }) => UPSTREAM_TROUBLE.has(code))) {
    if (row.failures > 0) await updateMirror(tx, row.id, { failures: 0 })
    return
  }
  const failures = row.failures + 1
  const intervalMs = row.intervalHours * HOUR_MS
  const backOffMs = Math.min(intervalMs * 2 ** Math.min(failures, 10), Math.max(intervalMs, LONGEST_BACK_OFF_MS))
  // From the time at which the run was due to be followed, which is an interval after its start.
  await updateMirror(tx, row.id, { failures, nextRunAt: row.nextRunAt + backOffMs - intervalMs })
}
