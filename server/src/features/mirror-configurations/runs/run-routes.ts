import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { JobSummary } from '../../../base/queue/job-queue.ts'
import { presentJob } from '../../mirror/index.ts'
import { requireMirror } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { MirrorRow } from '../mirror-queries.ts'
import { MirrorParams, RunView, ScopeBody, StatusView } from '../mirror-schemas.ts'
import { presentMirror, presentRun } from '../present-mirror.ts'
import { cancelRun, pauseMirror, resumeMirror, syncMirror } from './control-runs.ts'
import { sumOmissions } from './omission-queries.ts'
import { countRuns, countVersions, listRuns } from './run-queries.ts'
import { settleRuns } from './settle-runs.ts'

const BASE = '/api/v1/admin/mirrors/:id'
const read = { requires: 'mirrors:read', within: 'organization' } as const
const manage = (action: string) => ({ requires: 'mirrors:manage', within: 'organization', action: `mirror.${action}` }) as const

const JobCreated = Type.Object({ job_id: Type.String(), id: Type.String({ description: 'The same' }) })
const Cancelled = Type.Object({ cancelled: Type.Integer({ description: 'Items that had not ended' }) })

/** Runs of mirrors. Source: requirements.md MIR-07, MIR-10, MIR-11. */
export const mirrorRunRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(controlRoutes(deps))
    await app.register(reportRoutes(deps))
  }

const controlRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const syncSchema = {
      summary: 'Run a mirror now',
      description: 'All of it, one of its providers, or one version of a provider. Answers with the id of the job.',
      params: MirrorParams,
      body: ScopeBody,
      response: { 202: JobCreated },
    }
    app.post(`${BASE}/sync`, { config: manage('sync'), schema: syncSchema }, async (request, reply) => {
      const { scope = {} } = request.body
      const id = await syncMirror(deps, { idOrName: request.params.id, by: originOf(request), scope })
      return reply.code(202).header('location', `/api/v1/admin/jobs/${id}`).send({ job_id: id, id })
    })

    const cancelSchema = {
      summary: 'Cancel the run of a mirror',
      description: 'What has been fetched stays.',
      params: MirrorParams,
      response: { 200: Cancelled },
    }
    app.post(`${BASE}/cancel`, { config: manage('cancel'), schema: cancelSchema }, async (request) => ({
      cancelled: await cancelRun(deps, { idOrName: request.params.id, by: originOf(request) }),
    }))

    const pauseSchema = {
      summary: 'Pause a mirror',
      description: 'The schedule leaves it alone, and what it runs is broken off; what has been fetched stays.',
      params: MirrorParams,
      response: { 200: Cancelled },
    }
    app.post(`${BASE}/pause`, { config: manage('pause'), schema: pauseSchema }, async (request) => ({
      cancelled: await pauseMirror(deps, { idOrName: request.params.id, by: originOf(request) }),
    }))

    const resumeSchema = { summary: 'Resume a paused mirror', params: MirrorParams, response: { 204: Type.Null() } }
    app.post(`${BASE}/resume`, { config: manage('resume'), schema: resumeSchema }, async (request, reply) => {
      await resumeMirror(deps, { idOrName: request.params.id, by: originOf(request) })
      return reply.code(204).send(null)
    })
  }

const reportRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = deps.database
    const statusSchema = { summary: 'How a mirror is doing', params: MirrorParams, response: { 200: StatusView } }
    app.get(`${BASE}/status`, { config: read, schema: statusSchema }, async ({ actor, params }) => {
      const wish = { idOrName: params.id, actor, scope: 'mirrors:read', intent: 'show the status of' } as const
      await settleRuns(deps, (await requireMirror(db, wish)).id)
      return await readStatus(deps, await requireMirror(db, wish))
    })

    const historySchema = {
      summary: 'Runs of a mirror, newest first',
      params: MirrorParams,
      querystring: PageQuery,
      response: { 200: Paged(RunView) },
    }
    app.get(`${BASE}/history`, { config: read, schema: historySchema }, async ({ actor, params, query }) => {
      const row = await requireMirror(db, { idOrName: params.id, actor, scope: 'mirrors:read', intent: 'show the history of' })
      await settleRuns(deps, row.id)
      const page = pageOf(query)
      const [runs, total] = await Promise.all([listRuns(db, row.id, page), countRuns(db, row.id)])
      const leftOut = await sumOmissions(
        db,
        runs.map(({ jobId }) => jobId),
      )
      return { items: runs.map((run) => presentRun(run, leftOut.get(run.jobId) ?? [])), total, ...page }
    })
  }

async function readStatus({ database, queue }: MirrorConfigurationDeps, row: MirrorRow): Promise<Static<typeof StatusView>> {
  const job = row.currentJobId === null ? undefined : await queue.getJob(row.currentJobId)
  const { seen, brought } = await countVersions(database.db, row.id)
  return {
    mirror: presentMirror(row),
    state: stateOf(row, job),
    job: job === undefined ? null : presentJob(job),
    versions_seen: seen,
    versions_brought: brought,
  }
}

function stateOf({ pausedAt }: MirrorRow, job: JobSummary | undefined): string {
  if (job?.state === 'pending' || job?.state === 'running') return 'running'
  if (pausedAt !== null) return 'paused'
  return job?.state === 'failed' ? 'failing' : 'idle'
}
