import type { AppDeps } from '../app-deps.ts'
import { startWorker } from '../base/queue/worker.ts'
import { jobHandlers, startSchedules } from '../jobs.ts'

const POLL_MS = 2_000
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
  const worker = startWorker({
    queue: deps.queue,
    handlers: jobHandlers(deps),
    concurrency: deps.config.providers.downloadConcurrency,
    pollMs: POLL_MS,
    leaseMs: LEASE_MS,
    logger: deps.logger,
  })
  deps.jobs.connect(() => worker.wake())
  return {
    async stop(graceMs) {
      schedules.stop()
      await worker.stop(graceMs)
    },
  }
}
