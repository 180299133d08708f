import { sql } from 'kysely'
import { type Db, dialectOf } from '../database/dialect.ts'
import type { DownloadJobsTable } from '../database/schema.ts'
import type { JobItemRow, JobPage, JobSummary, LatestItem } from './job-types.ts'

const JOB_COLUMNS = ['id', 'kind', 'title', 'state', 'createdBy', 'createdAt', 'startedAt', 'finishedAt'] as const

const ITEM_COLUMNS = [
  'id',
  'jobId',
  'kind',
  'key',
  'state',
  'attempts',
  'maxAttempts',
  'deferrals',
  'runAfter',
  'bytesDone',
  'bytesTotal',
  'errorCode',
  'errorMessage',
  'createdAt',
  'finishedAt',
] as const

/** See `JobQueue.listJobs`. */
export async function selectJobs(db: Db, { limit, offset, state }: JobPage): Promise<{ jobs: JobSummary[]; total: number }> {
  const matching = db.selectFrom('downloadJobs').$if(state !== undefined, (query) => query.where('state', '=', state ?? ''))
  const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  const jobs = await matching.select(JOB_COLUMNS).orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit).offset(offset).execute()
  return { jobs: await summarize(db, jobs), total }
}

/** See `JobQueue.getJob`. */
export async function selectJob(db: Db, id: string): Promise<JobSummary | undefined> {
  const jobs = await db.selectFrom('downloadJobs').select(JOB_COLUMNS).where('id', '=', id).execute()
  return (await summarize(db, jobs))[0]
}

/** See `JobQueue.listItems`. */
export async function selectItems(db: Db, jobId: string, { limit, offset, state }: JobPage): Promise<JobItemRow[]> {
  return await db
    .selectFrom('downloadJobItems')
    .select(ITEM_COLUMNS)
    .where('jobId', '=', jobId)
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? ''))
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute()
}

/** See `JobQueue.findLatestItem`. */
export async function selectLatestItem(db: Db, kind: string, key: string): Promise<LatestItem | undefined> {
  const row = await db
    .selectFrom('downloadJobItems')
    .select(ITEM_COLUMNS)
    .select(dialectOf(db).now.as('now'))
    .where('key', '=', key)
    .where('kind', '=', kind)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { now, ...item } = row
  const endedAgoMs = item.finishedAt === null ? null : now - item.finishedAt
  return { ...item, dueInMs: Math.max(0, item.runAfter - now), endedAgoMs }
}

interface StateSum {
  jobId: string
  state: string
  items: number
  bytesDone: number
  bytesTotal: number
}

async function summarize(db: Db, jobs: readonly DownloadJobsTable[]): Promise<JobSummary[]> {
  if (jobs.length === 0) return []
  const sums = await selectSums(
    db,
    jobs.map(({ id }) => id),
  )
  return jobs.map((job) => {
    const own = sums.filter(({ jobId }) => jobId === job.id)
    const count = (state: string) => own.find((sum) => sum.state === state)?.items ?? 0
    const add = (field: 'items' | 'bytesDone' | 'bytesTotal') => own.reduce((total, sum) => total + sum[field], 0)
    return {
      ...job,
      total: add('items'),
      pending: count('pending'),
      running: count('running'),
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      bytesDone: add('bytesDone'),
      bytesTotal: add('bytesTotal'),
    }
  })
}

function selectSums(db: Db, jobIds: readonly string[]): Promise<StateSum[]> {
  return db
    .selectFrom('downloadJobItems')
    .select((eb) => [
      'jobId',
      'state',
      eb.fn.countAll<number>().as('items'),
      // The sum of 64-bit integers is a decimal on PostgreSQL, which would arrive as text.
      sql<number>`cast(sum(bytes_done) as bigint)`.as('bytesDone'),
      sql<number>`cast(coalesce(sum(bytes_total), 0) as bigint)`.as('bytesTotal'),
    ])
    .where('jobId', 'in', jobIds)
    .groupBy(['jobId', 'state'])
    .execute()
}
