import { systemOrigin } from '../../../base/http/edge-types.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { findMirror } from '../mirror-queries.ts'
import { listDueMirrors } from './run-queries.ts'
import { settleRuns } from './settle-runs.ts'
import { startRun } from './start-run.ts'

/**
 * One look of the scheduler: writes the outcome of runs that have ended, and starts the mirrors whose time has come, each once
 * however long nobody has looked, and over all replicas. A sealed server starts none. Answers how many it has started.
 */
export async function runSchedule(deps: MirrorConfigurationDeps): Promise<number> {
  await settleRuns(deps)
  if (deps.config.mirror.sealed) return 0
  const { db } = deps.database
  let started = 0
  for (const id of await listDueMirrors(db, deps.clock.now())) {
    const row = await findMirror(db, id)
    if (row === undefined) continue
    const jobId = await startRun(deps, { row, because: 'schedule', by: systemOrigin('mirror schedule'), scope: {} })
    if (jobId !== undefined) started += 1
  }
  if (started > 0) deps.jobs.wake()
  return started
}
