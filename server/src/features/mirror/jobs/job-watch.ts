import type { JobQueue, JobSummary } from '../../../base/queue/job-queue.ts'

/** Is told how a job is, again and again. */
export type JobListener = (job: JobSummary) => void

/** Looks at jobs for all who follow them in this process: each job is read once per look, however many listen. */
export interface JobWatch {
  /** How many listen now. */
  readonly listeners: number
  /** Tells the listener of every look from now on, until the answered function is called. */
  follow(jobId: string, listener: JobListener): () => void
}

interface WatchOptions {
  readonly queue: Pick<JobQueue, 'getJob'>
  readonly pollMs: number
  readonly onFailure: (error: unknown) => void
}

/** Reading rows, not messages of this process: the worker may be another one. Without listeners nothing is read. */
export function createJobWatch({ queue, pollMs, onFailure }: WatchOptions): JobWatch {
  const followed = new Map<string, Set<JobListener>>()
  let timer: NodeJS.Timeout | undefined
  let looking = false

  const look = async () => {
    for (const [jobId, listeners] of followed) {
      const job = await queue.getJob(jobId)
      if (job !== undefined) for (const listener of listeners) listener(job)
    }
  }
  const tick = () => {
    if (looking) return
    looking = true
    void look()
      .catch(onFailure)
      .finally(() => {
        looking = false
      })
  }
  return {
    get listeners() {
      return [...followed.values()].reduce((sum, listeners) => sum + listeners.size, 0)
    },
    follow(jobId, listener) {
      const listeners = followed.get(jobId) ?? new Set()
      followed.set(jobId, listeners.add(listener))
      timer ??= setInterval(tick, pollMs)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && followed.get(jobId) === listeners) followed.delete(jobId)
        if (followed.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}
