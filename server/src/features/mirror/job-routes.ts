import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import type { JobItemRow, JobSummary } from '../../base/queue/job-queue.ts'
import { recordAudit } from '../audit/index.ts'
import type { MirrorDeps } from './mirror-deps.ts'

const Time = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

/** A job as the API shows it. */
export const JobView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    title: Type.String(),
    state: Type.String({ description: 'pending, running, completed, failed or cancelled' }),
    created_by: Type.String(),
    created_at: Type.String({ format: 'date-time' }),
    started_at: Time,
    finished_at: Time,
    total: Type.Integer({ description: 'Items known so far; grows while versions are being resolved' }),
    completed: Type.Integer(),
    failed: Type.Integer(),
    cancelled: Type.Integer(),
    running: Type.Integer(),
    pending: Type.Integer(),
    bytes_done: Type.Integer(),
    bytes_total: Type.Integer({ description: 'Of the items whose size is known' }),
  },
  { $id: 'Job' },
)

const JobItemView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    key: Type.String(),
    state: Type.String(),
    attempts: Type.Integer(),
    bytes_done: Type.Integer(),
    bytes_total: Type.Union([Type.Integer(), Type.Null()]),
    error_code: Type.Union([Type.String(), Type.Null()]),
    error_message: Type.Union([Type.String(), Type.Null()]),
    finished_at: Time,
  },
  { $id: 'JobItem' },
)

const JobDetail = Type.Object({ ...JobView.properties, items: Type.Array(JobItemView) })
const IdParams = Type.Object({ id: Type.String() })
const ItemsQuery = Type.Object({ ...PageQuery.properties, state: Type.Optional(Type.String({ maxLength: 20 })) })

/** What those that know more about a job do. */
export interface JobHooks {
  /** Comes first in the transaction of a retry; refuses it by throwing. */
  readonly beforeRetry: (tx: Db, jobId: string) => Promise<void>
}

/** Jobs and their progress; `/admin/api/jobs` are documented aliases (C16). */
export const jobRoutes =
  (deps: MirrorDeps, { beforeRetry }: JobHooks): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const base of ['/api/v1/admin/jobs', '/admin/api/jobs']) {
      app.get(
        base,
        {
          config: { requires: 'mirrors:read', rateLimitTier: 'api' },
          schema: { summary: 'List jobs, newest first', querystring: ItemsQuery, response: { 200: Paged(JobView) } },
        },
        async ({ query }) => {
          const page = pageOf(query)
          const { jobs, total } = await deps.queue.listJobs({ ...page, ...(query.state !== undefined && { state: query.state }) })
          return { items: jobs.map(presentJob), total, ...page }
        },
      )

      app.get(
        `${base}/:id`,
        {
          config: { requires: 'mirrors:read', rateLimitTier: 'api' },
          schema: { summary: 'A job with its items', params: IdParams, querystring: ItemsQuery, response: { 200: JobDetail } },
        },
        async ({ params, query }) => {
          const job = await requireJob(deps, params.id)
          const items = await deps.queue.listItems(params.id, {
            ...pageOf(query),
            ...(query.state !== undefined && { state: query.state }),
          })
          return { ...presentJob(job), items: items.map(presentItem) }
        },
      )

      app.post(
        `${base}/:id/retry`,
        {
          config: { requires: 'mirrors:manage', rateLimitTier: 'api' },
          schema: {
            summary: 'Try the failed items of a job again',
            params: IdParams,
            response: { 202: Type.Object({ retried: Type.Integer() }) },
          },
        },
        async (request, reply) => {
          const { id } = request.params
          await requireJob(deps, id)
          const retried = await deps.database.db.transaction().execute(async (tx) => {
            await beforeRetry(tx, id)
            const count = await deps.queue.retryFailed(tx, id)
            // Nothing is left of what came before.
            if (count === 0) throw new RegistryError('JOB_NOT_RETRIABLE', `Cannot retry job "${id}": none of its items has failed`)
            const at = deps.clock.now()
            await recordAudit(tx, {
              origin: originOf(request),
              at,
              action: 'job.retry',
              object: id,
              outcome: 'allowed',
              details: { items: count },
            })
            return count
          })
          deps.jobs.wake()
          return reply.code(202).send({ retried })
        },
      )
    }
  }

/** The job of this id. @throws {RegistryError} JOB_NOT_FOUND */
export async function requireJob({ queue }: Pick<MirrorDeps, 'queue'>, id: string): Promise<JobSummary> {
  const job = await queue.getJob(id)
  if (job !== undefined) return job
  throw new RegistryError('JOB_NOT_FOUND', `Cannot find job "${id}": there is none with this id`, {
    hint: 'The jobs are listed at /api/v1/admin/jobs',
  })
}

function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** A job as {@link JobView}. */
export function presentJob(job: JobSummary) {
  return {
    id: job.id,
    kind: job.kind,
    title: job.title,
    state: job.state,
    created_by: job.createdBy,
    created_at: new Date(job.createdAt).toISOString(),
    started_at: time(job.startedAt),
    finished_at: time(job.finishedAt),
    total: job.total,
    completed: job.completed,
    failed: job.failed,
    cancelled: job.cancelled,
    running: job.running,
    pending: job.pending,
    bytes_done: job.bytesDone,
    bytes_total: job.bytesTotal,
  }
}

function presentItem(item: JobItemRow) {
  return {
    id: item.id,
    kind: item.kind,
    key: item.key,
    state: item.state,
    attempts: item.attempts,
    bytes_done: item.bytesDone,
    bytes_total: item.bytesTotal,
    error_code: item.errorCode,
    error_message: messageOf(item),
    finished_at: time(item.finishedAt),
  }
}

/** An upstream that asks to wait is shown with the end of the wait. Source: reliability.md F15 */
function messageOf({ state, errorCode, errorMessage, runAfter }: JobItemRow): string | null {
  const isWaiting = state === 'pending' && errorCode === 'UPSTREAM_RATE_LIMITED'
  return isWaiting ? `${errorMessage}, rate limited until ${time(runAfter)}` : errorMessage
}
