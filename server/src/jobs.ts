import type { AppDeps } from './app-deps.ts'
import type { JobHandler } from './base/queue/worker.ts'
import { sweepPipelineKeys, sweepSessions } from './features/accounts/index.ts'
import { sweepUsedTokens } from './features/ci-trust/index.ts'
import { sweepOrphanObjects } from './features/intake/index.ts'
import { createShasumsReader, FETCH_PACKAGE, fetchPackageJob, RESOLVE_PROVIDER, resolveProviderJob } from './features/mirror/index.ts'
import { moduleArchives } from './features/modules/index.ts'
import { packageObjects } from './features/providers/index.ts'

/** Every kind of job item and what runs it. */
export function jobHandlers(deps: AppDeps): Record<string, JobHandler<never>> {
  return {
    [RESOLVE_PROVIDER]: resolveProviderJob(deps),
    [FETCH_PACKAGE]: fetchPackageJob({ ...deps, readShasums: createShasumsReader(deps) }),
  }
}

const SWEEP_EVERY_MS = 10 * 60 * 1000
/** Longer than the longest upload or download: what is older belongs to nobody. */
const SWEEP_GRACE_MS = 60 * 60 * 1000

/**
 * Removes what crashes have left: spool folders of dead processes at once, temporary files and objects without a row after the
 * grace time, expired sessions at once, used tokens and keys of pipelines when they are long over. Several replicas may sweep at the
 * same time.
 */
export async function sweep(
  deps: Pick<AppDeps, 'spool' | 'store' | 'database' | 'clock' | 'logger'>,
  { graceMs }: { readonly graceMs: number },
): Promise<void> {
  await deps.spool.sweep()
  await deps.store.sweepTemporary(graceMs)
  await sweepSessions(deps)
  await sweepUsedTokens(deps)
  await sweepPipelineKeys(deps)
  await sweepOrphanObjects(deps, { owners: [packageObjects, moduleArchives], graceMs })
}

/** Everything that happens by the clock. */
export function startSchedules(deps: AppDeps): { stop(): void } {
  const run = () => {
    sweep(deps, { graceMs: SWEEP_GRACE_MS }).catch((err: unknown) => deps.logger.error({ err }, 'sweep failed; it is tried again later'))
  }
  run()
  const timer = setInterval(run, SWEEP_EVERY_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
