import { sql } from 'kysely'
import { decodeJson } from '../database/columns.ts'
import { type Db, dialectOf } from '../database/dialect.ts'
import { newId } from '../ids.ts'
import { refreshJobState } from './job-state.ts'
import type { ClaimedItem } from './job-types.ts'

// An item whose worker dies each time (it may be what kills it) must not be tried for ever; a restart now and then is no reason.
const MAX_DEFERRALS = 25

/** Shown until the item ends. Source: reliability.md F4 */
const RESUMED = sql.lit('Interrupted when its worker went away, resumed')

/**
 * See `JobQueue.claim`; within a transaction, because item and job change together. Two claimers never meet: PostgreSQL skips rows
 * that another one has locked, on SQLite the transactions follow each other.
 */
export async function claimItem(tx: Db, kinds: readonly string[], leaseMs: number): Promise<ClaimedItem | undefined> {
  if (kinds.length === 0) return undefined
  for (;;) {
    const item = await takeDueItem(tx, kinds, leaseMs)
    if (item === undefined) return undefined
    if (item.deferrals <= MAX_DEFERRALS) return await claimedItem(tx, item, leaseMs)
    await giveUp(tx, item)
  }
}

type TakenItem = NonNullable<Awaited<ReturnType<typeof takeDueItem>>>

async function takeDueItem(tx: Db, kinds: readonly string[], leaseMs: number) {
  const { rowLocks, now } = dialectOf(tx)
  const due = tx
    .selectFrom('downloadJobItems')
    .select('id')
    // Literals, not parameters: only so the index of unfinished items is usable.
    .where(sql<boolean>`state in ('pending', 'running')`)
    .where('runAfter', '<=', now)
    .where('kind', 'in', kinds)
    .orderBy('runAfter')
    .orderBy('id')
    .limit(1)
    .$if(rowLocks, (query) => query.forUpdate().skipLocked())
  return await tx
    .updateTable('downloadJobItems')
    .set((eb) => ({
      state: 'running',
      leaseToken: newId(),
      runAfter: sql<number>`${now} + ${sql.lit(Math.round(leaseMs))}`,
      // Found running means that its worker did not come back.
      attempts: sql<number>`case state when 'running' then attempts else attempts + 1 end`,
      deferrals: sql<number>`case state when 'running' then deferrals + 1 else deferrals end`,
      errorMessage: sql<string | null>`case state when 'running' then ${RESUMED} else error_message end`,
      bytesDone: eb.val(0),
    }))
    .where('id', '=', due)
    .returning(['id', 'jobId', 'kind', 'key', 'input', 'attempts', 'maxAttempts', 'deferrals', 'leaseToken'])
    .executeTakeFirst()
}

async function claimedItem(tx: Db, item: TakenItem, leaseMs: number): Promise<ClaimedItem> {
  const { input, attempts, leaseToken, ...rest } = item
  const job = await tx.selectFrom('downloadJobs').select(['state', 'createdBy']).where('id', '=', item.jobId).executeTakeFirstOrThrow()
  if (job.state !== 'running') await markJobRunning(tx, item.jobId)
  return { ...rest, attempt: attempts, input: decodeJson(input), createdBy: job.createdBy, leaseToken: leaseToken ?? '', leaseMs }
}

async function markJobRunning(tx: Db, jobId: string): Promise<void> {
  const { now } = dialectOf(tx)
  await tx
    .updateTable('downloadJobs')
    .set({ state: 'running', startedAt: sql<number>`coalesce(started_at, ${now})`, finishedAt: null })
    .where('id', '=', jobId)
    .execute()
}

async function giveUp(tx: Db, { id, jobId, key, deferrals }: TakenItem): Promise<void> {
  await tx
    .updateTable('downloadJobItems')
    .set({
      state: 'failed',
      leaseToken: null,
      errorCode: 'INTERNAL',
      errorMessage: `Cannot finish "${key}": it was interrupted ${deferrals} times`,
      finishedAt: dialectOf(tx).now,
    })
    .where('id', '=', id)
    .execute()
  await refreshJobState(tx, jobId)
}
