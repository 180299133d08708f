import { sql } from 'kysely'
import { type Db, dialectOf } from '../database/dialect.ts'
import { refreshJobState } from './job-state.ts'
import type { ClaimedItem, ItemFailure, ItemProgress } from './job-types.ts'
import { retryDelayMs } from './retry-policy.ts'

/** The row of an item, as long as this holder has it: the fence that every change of a claimed item passes. */
function heldRow(db: Db, { id, leaseToken }: ClaimedItem) {
  return db.updateTable('downloadJobItems').where('id', '=', id).where('leaseToken', '=', leaseToken).where('state', '=', 'running')
}

function inMs(db: Db, delayMs: number) {
  return sql<number>`${dialectOf(db).now} + ${sql.lit(Math.round(delayMs))}`
}

/** See `JobQueue.heartbeat`. */
export async function renewLease(db: Db, item: ClaimedItem, { bytesDone, bytesTotal }: ItemProgress): Promise<boolean> {
  const result = await heldRow(db, item)
    .set({ runAfter: inMs(db, item.leaseMs), bytesDone, bytesTotal })
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Marks the item completed; `false` when the lease was lost. The caller refreshes the job. */
export async function completeItem(tx: Db, item: ClaimedItem, { bytesDone, bytesTotal }: ItemProgress): Promise<boolean> {
  const result = await heldRow(tx, item)
    .set({
      state: 'completed',
      leaseToken: null,
      bytesDone,
      bytesTotal: bytesTotal ?? bytesDone,
      errorCode: null,
      errorMessage: null,
      finishedAt: dialectOf(tx).now,
    })
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** See `JobQueue.fail`. */
export async function failItem(
  tx: Db,
  item: ClaimedItem,
  { failure, initialDelayMs }: { readonly failure: ItemFailure; readonly initialDelayMs: number },
): Promise<boolean> {
  const { code, message, deferred = false, permanent } = failure
  const ended = permanent || (!deferred && item.attempt >= item.maxAttempts)
  const delayMs = retryDelayMs(item.attempt + item.deferrals, initialDelayMs, failure.retryAfterMs)
  const outcome = ended
    ? { state: 'failed', finishedAt: dialectOf(tx).now }
    : { state: 'pending', runAfter: inMs(tx, delayMs), bytesDone: 0 }
  const counts = deferred && !ended ? { attempts: item.attempt - 1, deferrals: item.deferrals + 1 } : {}
  const result = await heldRow(tx, item)
    .set({ ...outcome, ...counts, leaseToken: null, errorCode: code, errorMessage: message })
    .executeTakeFirst()
  if (result.numUpdatedRows !== 1n) return false
  if (ended) await refreshJobState(tx, item.jobId)
  return true
}

/** See `JobQueue.release`. */
export async function releaseItem(db: Db, item: ClaimedItem): Promise<boolean> {
  const result = await heldRow(db, item)
    .set({ state: 'pending', attempts: item.attempt - 1, runAfter: dialectOf(db).now, leaseToken: null, bytesDone: 0 })
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
