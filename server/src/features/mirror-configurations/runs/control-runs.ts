import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import { requireMirror } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { updateMirror } from '../mirror-queries.ts'
import { findMirrorOfRun, reclaimRun } from './run-queries.ts'
import { checkScope, type RunScope, startRun } from './start-run.ts'

/** Which mirror, and who asks. */
export interface ControlWish {
  readonly idOrName: string
  readonly by: Origin
}

/**
 * Starts a run now, also of a mirror that is paused. Answers the job's id.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING, RULE_BROKEN, MIRROR_RUNNING, UPSTREAMS_SEALED
 */
export async function syncMirror(
  deps: MirrorConfigurationDeps,
  { idOrName, by, scope }: ControlWish & { readonly scope: RunScope },
): Promise<string> {
  const row = await requireMirror(deps.database.db, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'sync' })
  deps.outbound.requireOpen(row.hostname)
  const jobId = await startRun(deps, { row, because: 'manual', by, scope: checkScope(row, scope) })
  if (jobId === undefined) {
    throw new RegistryError('MIRROR_RUNNING', `Cannot sync mirror "${row.name}": it runs already`, {
      hint: 'Wait for the end of the run, or cancel it',
      detail: { job_id: row.currentJobId },
    })
  }
  deps.jobs.wake()
  return jobId
}

/**
 * Comes before the failed items of a job are tried again: when it was the run of a mirror, it is the current one from here on.
 * @throws {RegistryError} MIRROR_RUNNING when the mirror runs another one
 */
export async function reclaimForRetry(tx: Db, jobId: string): Promise<void> {
  const mirror = await findMirrorOfRun(tx, jobId)
  if (mirror === undefined || (await reclaimRun(tx, { mirrorId: mirror.id, jobId }))) return
  throw new RegistryError('MIRROR_RUNNING', `Cannot retry job "${jobId}": mirror "${mirror.name}" has a newer run under way`, {
    hint: 'Wait for its end: it brings what has failed before, too',
  })
}

/**
 * Breaks off what a mirror runs; what has been fetched stays.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING, JOB_ENDED when nothing runs.
 */
export async function cancelRun(deps: MirrorConfigurationDeps, { idOrName, by }: ControlWish): Promise<number> {
  return await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireMirror(tx, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'cancel the run of' })
    const cancelled = row.currentJobId === null ? 0 : await deps.queue.cancel(tx, row.currentJobId)
    if (cancelled === 0) throw new RegistryError('JOB_ENDED', `Cannot cancel the run of mirror "${row.name}": none is under way`)
    await recordAudit(tx, {
      at: deps.clock.now(),
      origin: by,
      action: 'mirror.cancel',
      object: row.name,
      details: { job: row.currentJobId },
    })
    return cancelled
  })
}

/**
 * Takes a mirror out of the schedule and breaks off what it runs. What has been fetched stays, so that going on later brings
 * the rest only. Answers how many items were broken off.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING
 */
export async function pauseMirror(deps: MirrorConfigurationDeps, { idOrName, by }: ControlWish): Promise<number> {
  const at = deps.clock.now()
  return await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireMirror(tx, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'pause' })
    const cancelled = row.currentJobId === null ? 0 : await deps.queue.cancel(tx, row.currentJobId)
    // What was broken off is due as soon as the mirror is resumed.
    await updateMirror(tx, row.id, { pausedAt: row.pausedAt ?? at, ...(cancelled > 0 && { nextRunAt: at }) })
    await recordAudit(tx, { at, origin: by, action: 'mirror.pause', object: row.name, details: { cancelled } })
    return cancelled
  })
}

/**
 * Puts a mirror back into the schedule, which runs it at its next look when its time has come meanwhile.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING
 */
export async function resumeMirror(deps: MirrorConfigurationDeps, { idOrName, by }: ControlWish): Promise<void> {
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireMirror(tx, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'resume' })
    await updateMirror(tx, row.id, { pausedAt: null })
    await recordAudit(tx, { at: deps.clock.now(), origin: by, action: 'mirror.resume', object: row.name })
  })
}
