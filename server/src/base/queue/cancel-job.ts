import { type Db, dialectOf } from '../database/dialect.ts'
import { refreshJobState } from './job-state.ts'

/** See `JobQueue.cancel`. */
export async function cancelItems(db: Db, jobId: string): Promise<number> {
  let cancelled = 0
  // More than once: while the first statement waited for an item that was just completing, that one may have added others.
  for (;;) {
    const ended = await cancelUnfinished(db, jobId)
    if (ended === 0) break
    cancelled += ended
  }
  if (cancelled > 0) await refreshJobState(db, jobId)
  return cancelled
}

async function cancelUnfinished(db: Db, jobId: string): Promise<number> {
  const result = await db
    .updateTable('downloadJobItems')
    .set({ state: 'cancelled', leaseToken: null, finishedAt: dialectOf(db).now })
    .where('jobId', '=', jobId)
    .where('state', 'in', ['pending', 'running'])
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}
