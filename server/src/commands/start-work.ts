import type { AppDeps } from '../app-deps.ts'
import { type JobHandler, startWorker } from '../base/queue/worker.ts'
import { jobHandlers, startSchedules, urgentJobHandlers } from '../jobs.ts'

const POLL_MS = 2_000
/** A client waits for what another process has queued. */
const URGENT_POLL_MS = 500
const LEASE_MS = 30_000

/** Starts the schedules and, unless other processes do it, the job workers. */
export function startWork(deps: AppDeps, { runJobs }: { readonly runJobs: boolean }): { stop(graceMs: number): Promise<void> } {
  const schedules = startSchedules(deps)
  if (!runJobs) {
    return {
      async stop() {
        schedules.stop()
      },
    }
  }
  const start = (handlers: Record<string, JobHandler<never>>, pollMs: number) =>
    startWorker({
      queue: deps.queue,
      handlers,
      concurrency: deps.config.providers.downloadConcurrency,
      pollMs,
      leaseMs: LEASE_MS,
      logger: deps.logger,
    })
  const workers = [start(jobHandlers(deps), POLL_MS), start(urgentJobHandlers(deps), URGENT_POLL_MS)]
  deps.jobs.connect(() => {
    for (const worker of workers) worker.wake()
  })
  return {
    async stop(graceMs) {
      schedules.stop()
      await Promise.all(workers.map((worker) => worker.stop(graceMs)))
    },
  }
}
