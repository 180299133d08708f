import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import { cancelItems } from './cancel-job.ts'
import { claimItem } from './claim-item.ts'
import { insertItems, insertJob, resetFailedItems } from './create-jobs.ts'
import { refreshJobState } from './job-state.ts'
import type { ClaimedItem, ItemProgress, JobQueue, RecordEffect } from './job-types.ts'
import { selectItems, selectJob, selectJobs, selectLatestItem } from './list-jobs.ts'
import { completeItem, failItem, releaseItem, renewLease } from './settle-item.ts'

export type {
  ClaimedItem,
  ItemFailure,
  ItemProgress,
  JobItemRow,
  JobPage,
  JobQueue,
  JobState,
  JobSummary,
  LatestItem,
  NewJob,
  NewJobItem,
  RecordEffect,
} from './job-types.ts'

/** How a queue treats its items. */
export interface JobQueueOptions {
  /** Tries of one item, `providers.download_retry_attempts`. */
  readonly maxAttempts: number
  /** Pause after the first failed try; each next one is twice as long, `providers.download_retry_initial_delay_ms`. */
  readonly initialDelayMs: number
}

/** The queue over `download_jobs` and `download_job_items`. It keeps nothing in memory. */
export function createJobQueue(db: Kysely<Schema>, { maxAttempts, initialDelayMs }: JobQueueOptions): JobQueue {
  return {
    createJob: (tx, job) => insertJob(tx, job, maxAttempts),
    addItems: (tx, jobId, items) => insertItems(tx, { jobId, items, maxAttempts }),
    claim: (kinds, { leaseMs }) => db.transaction().execute((tx) => claimItem(tx, kinds, leaseMs)),
    heartbeat: (item, progress) => renewLease(db, item, progress),
    complete: (item, progress, record) => complete(db, { item, progress, record: record ?? noEffect }),
    fail: (item, failure) => db.transaction().execute((tx) => failItem(tx, item, { failure, initialDelayMs })),
    release: (item) => releaseItem(db, item),
    retryFailed: resetFailedItems,
    cancel: cancelItems,
    listJobs: (page) => selectJobs(db, page),
    getJob: (id) => selectJob(db, id),
    listItems: (jobId, page) => selectItems(db, jobId, page),
    findLatestItem: (kind, key) => selectLatestItem(db, kind, key),
  }
}

const noEffect: RecordEffect = async () => undefined

interface Completion {
  readonly item: ClaimedItem
  readonly progress: ItemProgress
  readonly record: RecordEffect
}

async function complete(db: Kysely<Schema>, { item, progress, record }: Completion): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    // The fence first: a worker that was frozen past its lease must not write anything (reliability.md F27).
    if (!(await completeItem(tx, item, progress))) return false
    await record(tx)
    await refreshJobState(tx, item.jobId)
    return true
  })
}
