import type { Db } from '../database/dialect.ts'
import type { DownloadJobItemsTable, DownloadJobsTable } from '../database/schema.ts'

/**
 * Of a job and of an item. A job is `running` from its first claim until no item is left; then `cancelled` when one of them was
 * cancelled, else `failed` when one of them failed.
 */
export type JobState = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'

/** One piece of work, before it is queued. */
export interface NewJobItem {
  /** Which handler runs it: `provider.fetch_package`. */
  readonly kind: string
  /** Unique within the job, for people too: `registry.terraform.io/hashicorp/null 3.1.0 linux_amd64`. */
  readonly key: string
  /** Becomes JSON; ids and addresses only, no content. */
  readonly input: unknown
}

/** A job, before it is queued. */
export interface NewJob {
  readonly kind: string
  readonly title: string
  /** Name of the person or schedule behind it. */
  readonly createdBy: string
  readonly items: readonly NewJobItem[]
}

/** An item that a worker holds, for as long as it renews its lease. */
export interface ClaimedItem<Input = unknown> {
  readonly id: string
  readonly jobId: string
  readonly kind: string
  readonly key: string
  readonly input: Input
  /** Who created the job. */
  readonly createdBy: string
  /** 1 at the first try. */
  readonly attempt: number
  readonly maxAttempts: number
  /** How often it was given back through no fault of its own. */
  readonly deferrals: number
  /** Fencing token: whoever claims the item next gets another one, and this one is refused from then on. */
  readonly leaseToken: string
  readonly leaseMs: number
}

/** How far an item has come. */
export interface ItemProgress {
  readonly bytesDone: number
  /** `null` while nobody knows. */
  readonly bytesTotal: number | null
}

/** Why an item did not end well. */
export interface ItemFailure {
  readonly code: string
  /** Shown to people; no secrets. */
  readonly message: string
  /** True when trying again cannot help. */
  readonly permanent: boolean
  /** It was not the item's fault (the upstream asks to wait): the try does not count, the waiting does. */
  readonly deferred?: boolean
  /** At least this long until the next try; the back-off may be longer. */
  readonly retryAfterMs?: number
}

/** A job with the sums over its items. */
export interface JobSummary extends DownloadJobsTable {
  readonly total: number
  readonly pending: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly bytesDone: number
  /** Of the items whose size is known. */
  readonly bytesTotal: number
}

/** An item, as it is listed. */
export type JobItemRow = Omit<DownloadJobItemsTable, 'input' | 'leaseToken'>

/** An item, with its times as they are for somebody who waits. */
export interface LatestItem extends JobItemRow {
  /** Until it may be claimed, or its lease ends; by the database's clock, never negative. */
  readonly dueInMs: number
  /** Since it ended, by the database's clock; `null` before. */
  readonly endedAgoMs: number | null
}

/** A part of a list. */
export interface JobPage {
  readonly limit: number
  readonly offset: number
  /** Only those in this state; anything that is no state matches nothing. */
  readonly state?: string
}

/** What the item's effect writes, in the transaction that completes the item. */
export type RecordEffect = (tx: Db) => Promise<void>

/**
 * Jobs and their items in the database. Every method is safe from any number of processes at once.
 * All times are the database's; all changes of a claimed item carry its fencing token.
 */
export interface JobQueue {
  /** Queues a job, within the caller's transaction if it has one. A job without items is completed at once. Answers its id. */
  createJob(db: Db, job: NewJob): Promise<string>
  /** Adds items to a job, reopening it if need be; keys that it has already are left alone. Answers how many were added. */
  addItems(db: Db, jobId: string, items: readonly NewJobItem[]): Promise<number>
  /**
   * Takes the item that has been due longest, of one of these kinds; `undefined` when none is due. An item whose worker let its
   * lease run out is due again, and after many such deaths it fails instead of being handed out once more.
   */
  claim(kinds: readonly string[], options: { readonly leaseMs: number }): Promise<ClaimedItem | undefined>
  /** Renews the lease and tells the progress. `false`: the lease was lost, and nothing the worker still does will count. */
  heartbeat(item: ClaimedItem, progress: ItemProgress): Promise<boolean>
  /**
   * Completes the item, and in the same transaction writes its effect. `false`: the lease was lost, and nothing was written.
   * An error from `record` is thrown on, with nothing written.
   */
  complete(item: ClaimedItem, progress: ItemProgress, record?: RecordEffect): Promise<boolean>
  /** Puts the item back for a later try, or fails it when that cannot help or was tried often enough. `false`: the lease was lost. */
  fail(item: ClaimedItem, failure: ItemFailure): Promise<boolean>
  /** Gives the item back untried, for a worker that stops; anybody may take it at once. `false`: the lease was lost. */
  release(item: ClaimedItem): Promise<boolean>
  /** Gives every failed item of a job all its tries again. Answers how many there were. */
  retryFailed(db: Db, jobId: string): Promise<number>
  /**
   * Ends every item of a job that has not ended: nobody claims it any more, and a worker that runs it loses its lease, which aborts
   * it at its next heartbeat. What items have written stays. Answers how many there were.
   */
  cancel(db: Db, jobId: string): Promise<number>
  /** Newest first; `total` counts all that match. */
  listJobs(page: JobPage): Promise<{ readonly jobs: JobSummary[]; readonly total: number }>
  /** `undefined` when there is none. */
  getJob(id: string): Promise<JobSummary | undefined>
  /** In the order in which they were added. */
  listItems(jobId: string, page: JobPage): Promise<JobItemRow[]>
  /** The item that was added last with this kind and key, in whatever job; `undefined` when there is none. */
  findLatestItem(kind: string, key: string): Promise<LatestItem | undefined>
}
