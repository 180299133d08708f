import { type Db, dialectOf } from '../database/dialect.ts'

/**
 * Brings a job's state in line with its items; the last statement on a job in every transaction that ends or adds items.
 *
 * The job's row is locked first: two workers that end the last two items at the same moment would otherwise each see the other's
 * item still running, and the job would never end. `no key update`, because adding items has already locked the row's key.
 */
export async function refreshJobState(db: Db, jobId: string): Promise<void> {
  const { rowLocks, now } = dialectOf(db)
  const job = await db
    .selectFrom('downloadJobs')
    .select(['state', 'startedAt'])
    .where('id', '=', jobId)
    .$if(rowLocks, (query) => query.forNoKeyUpdate())
    .executeTakeFirst()
  if (job === undefined) return
  const state = await deriveState(db, jobId, job.startedAt !== null)
  if (state === job.state) return
  const ended = state !== 'pending' && state !== 'running'
  await db
    .updateTable('downloadJobs')
    .set({ state, finishedAt: ended ? now : null })
    .where('id', '=', jobId)
    .execute()
}

async function deriveState(db: Db, jobId: string, started: boolean): Promise<string> {
  const { unfinished, failed, cancelled } = await db
    .selectNoFrom((eb) => [
      eb.exists(itemsIn(db, jobId, ['pending', 'running'])).as('unfinished'),
      eb.exists(itemsIn(db, jobId, ['failed'])).as('failed'),
      eb.exists(itemsIn(db, jobId, ['cancelled'])).as('cancelled'),
    ])
    .executeTakeFirstOrThrow()
  // SQLite answers 0 and 1.
  if (unfinished) return started ? 'running' : 'pending'
  if (cancelled) return 'cancelled'
  return failed ? 'failed' : 'completed'
}

function itemsIn(db: Db, jobId: string, states: readonly string[]) {
  return db.selectFrom('downloadJobItems').select('id').where('jobId', '=', jobId).where('state', 'in', states)
}
