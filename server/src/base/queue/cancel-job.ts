import { type Db, dialectOf } from '../database/dialect.ts'
import { refreshJobState } from './job-state.ts'

/** See `JobQueue.cancel`. */
export async function cancelItems(db: Db, jobId: string): Promise<number> {
  let cancelled = 0
  // More than once: while a statement waited for an item that was just completing, that one may have added others, which it did not see.
  do cancelled += await cancelUnfinished(db, jobId)
  while (await hasUnfinished(db, jobId))
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

async function hasUnfinished(db: Db, jobId: string): Promise<boolean> {
  const item = await db
    .selectFrom('downloadJobItems')
    .select('id')
    .where('jobId', '=', jobId)
    .where('state', 'in', ['pending', 'running'])
    .limit(1)
    .executeTakeFirst()
  return item !== undefined
}
