import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import {
  type DecideDeps,
  type QueueFetch,
  releaseQuarantined,
  removeQuarantined,
  requireQuarantined,
  retryQuarantined,
} from './decide-quarantined.ts'
import { countQuarantinedPackages, listQuarantinedPackages } from './quarantine-queries.ts'
import { presentQuarantined, QuarantinedPackageView } from './quarantine-views.ts'

const Name = Type.Optional(Type.String({ maxLength: 253 }))
const ListQuery = Type.Object({ ...PageQuery.properties, hostname: Name, namespace: Name, type: Name, version: Name, step: Name })
const ReleaseBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S', description: 'Goes to the audit, and stays with the package.' }) },
  { additionalProperties: false, examples: [{ reason: 'The publisher confirmed the name of the binary' }] },
)
const JobAnswer = Type.Object(
  { job_id: Type.String({ description: 'Job that fetches and checks it' }) },
  { examples: [{ job_id: '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e60' }] },
)
const Params = Type.Object({ id: Type.String() })

const BASE = '/api/v1/admin/quarantine'
const read = { requires: 'mirrors:read', rateLimitTier: 'api' } as const
const manage = { requires: 'mirrors:manage', rateLimitTier: 'api' } as const

/** What failed its verification, with the evidence, and what is decided about it. Source: requirements.md MIR-14, ux.md. */
export function quarantineRoutes(deps: DecideDeps, { queueFetch }: { readonly queueFetch: QueueFetch }): FastifyPluginAsyncTypebox {
  const { database, config } = deps
  return async (app) => {
    const listSchema = { summary: 'List quarantined packages', querystring: ListQuery, response: { 200: Paged(QuarantinedPackageView) } }
    app.get(BASE, { config: read, schema: listSchema }, async ({ query }) => {
      const page = pageOf(query)
      const [rows, total] = await Promise.all([
        listQuarantinedPackages(database.db, query, page),
        countQuarantinedPackages(database.db, query),
      ])
      return { items: rows.map((row) => presentQuarantined(row, config)), total, ...page }
    })

    const showSchema = { summary: 'Show a quarantined package', params: Params, response: { 200: QuarantinedPackageView } }
    app.get(`${BASE}/:id`, { config: read, schema: showSchema }, async ({ params }) =>
      presentQuarantined(await requireQuarantined(database.db, params.id, 'show'), config),
    )

    const retrySchema = {
      summary: 'Fetch and check a quarantined package once more',
      description: 'With every check. A copy that passes takes it out of quarantine.',
      params: Params,
      response: { 202: JobAnswer },
    }
    app.post(`${BASE}/:id/retry`, { config: { ...manage, action: 'quarantine.retry' }, schema: retrySchema }, async (request, reply) => {
      const jobId = await retryQuarantined(deps, { id: request.params.id, by: originOf(request), queueFetch })
      return reply.code(202).send({ job_id: jobId })
    })

    const releaseSchema = {
      summary: 'Let a finding pass',
      description:
        'The package is fetched again, and every other check counts. A finding about the content passes for exactly the bytes in which it was found. Bytes that contradict a signed list, signatures and keys cannot be let pass; `releasable` and `next_step` tell what can be done.',
      params: Params,
      body: ReleaseBody,
      response: { 202: JobAnswer },
    }
    app.post(
      `${BASE}/:id/release`,
      { config: { ...manage, action: 'quarantine.release' }, schema: releaseSchema },
      async (request, reply) => {
        const { params, body } = request
        const jobId = await releaseQuarantined(deps, { id: params.id, by: originOf(request), queueFetch, reason: body.reason })
        return reply.code(202).send({ job_id: jobId })
      },
    )

    const deleteSchema = {
      summary: 'Remove a package from quarantine',
      description: 'Nothing is let in by it: the next run or client has it fetched and checked again.',
      params: Params,
      response: { 204: Type.Null() },
    }
    app.delete(`${BASE}/:id`, { config: { ...manage, action: 'quarantine.delete' }, schema: deleteSchema }, async (request, reply) => {
      await removeQuarantined(deps, request.params.id, originOf(request))
      return reply.code(204).send(null)
    })
  }
}
