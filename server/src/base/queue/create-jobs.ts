import { setImmediate } from 'node:timers/promises'
import { encodeJson } from '../database/columns.ts'
import { type Db, dialectOf } from '../database/dialect.ts'
import { newId } from '../ids.ts'
import { refreshJobState } from './job-state.ts'
import type { NewJob, NewJobItem } from './job-types.ts'

// Keeps a statement far below the limits on parameters, 32 766 on SQLite and 65 535 on PostgreSQL.
const ITEMS_PER_STATEMENT = 500

/** See `JobQueue.createJob`. */
export async function insertJob(db: Db, { items, ...job }: NewJob, maxAttempts: number): Promise<string> {
  const id = newId()
  const { now } = dialectOf(db)
  await db
    .insertInto('downloadJobs')
    .values({ id, ...job, state: 'pending', createdAt: now, startedAt: null, finishedAt: null })
    .execute()
  await insertItems(db, { jobId: id, items, maxAttempts })
  return id
}

/** See `JobQueue.addItems`. */
export async function insertItems(
  db: Db,
  { jobId, items, maxAttempts }: { readonly jobId: string; readonly items: readonly NewJobItem[]; readonly maxAttempts: number },
): Promise<number> {
  let added = 0
  for (let start = 0; start < items.length; start += ITEMS_PER_STATEMENT) {
    const part = items.slice(start, start + ITEMS_PER_STATEMENT)
    const result = await db
      .insertInto('downloadJobItems')
      .values(part.map((item) => itemRow(db, { jobId, item, maxAttempts })))
      .onConflict((conflict) => conflict.columns(['jobId', 'key']).doNothing())
      .executeTakeFirst()
    added += Number(result.numInsertedOrUpdatedRows)
    // SQLite answers without leaving the event loop; thousands of items must not stop everybody else.
    await setImmediate()
  }
  await refreshJobState(db, jobId)
  return added
}

function itemRow(db: Db, { jobId, item, maxAttempts }: { jobId: string; item: NewJobItem; maxAttempts: number }) {
  const { now } = dialectOf(db)
  return {
    id: newId(),
    jobId,
    kind: item.kind,
    key: item.key,
    input: encodeJson(item.input),
    state: 'pending',
    attempts: 0,
    maxAttempts,
    deferrals: 0,
    runAfter: now,
    leaseToken: null,
    bytesDone: 0,
    bytesTotal: null,
    errorCode: null,
    errorMessage: null,
    createdAt: now,
    finishedAt: null,
  }
}

/** See `JobQueue.retryFailed`. */
export async function resetFailedItems(db: Db, jobId: string): Promise<number> {
  const { now } = dialectOf(db)
  const result = await db
    .updateTable('downloadJobItems')
    .set({
      state: 'pending',
      attempts: 0,
      deferrals: 0,
      runAfter: now,
      bytesDone: 0,
      errorCode: null,
      errorMessage: null,
      finishedAt: null,
    })
    .where('jobId', '=', jobId)
    .where('state', '=', 'failed')
    .executeTakeFirst()
  await refreshJobState(db, jobId)
  return Number(result.numUpdatedRows)
}
