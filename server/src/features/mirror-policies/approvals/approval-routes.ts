import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Db } from '../../../base/database/open-database.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { MirrorPolicyDeps } from '../mirror-policy-deps.ts'
import { readSubject } from '../policy-subjects.ts'
import { countApprovalRequests, listApprovalRequests, listDecisions } from './approval-queries.ts'
import { ApprovalView, presentApproval } from './approval-views.ts'
import { approveRequest, overrideCoolDown, rejectRequest, requestApproval, requireApproval } from './change-approvals.ts'

const Reason = Type.String({ minLength: 1, maxLength: 500, pattern: '\\S', description: 'Goes to the audit.' })
const Address = Type.String({ minLength: 1, maxLength: 400, description: '`[HOST/]NAMESPACE/TYPE`' })
const Version = Type.String({ minLength: 1, maxLength: 128 })
const RequestBody = Type.Object(
  { address: Address, version: Type.Optional(Version), reason: Reason },
  { additionalProperties: false, examples: [{ address: 'hashicorp/random', version: '3.7.0', reason: 'Needed by the platform team' }] },
)
const OverrideBody = Type.Object(
  { address: Address, version: Version, reason: Reason },
  { additionalProperties: false, examples: [{ address: 'hashicorp/random', version: '3.7.1', reason: 'Fixes a vulnerability' }] },
)
const DecideBody = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500, description: 'Goes to the audit.' })) },
  { additionalProperties: false, examples: [{ reason: 'Reviewed' }] },
)
const ListQuery = Type.Object({
  ...PageQuery.properties,
  state: Type.Optional(Type.String({ maxLength: 20, description: 'pending, approved or rejected' })),
})

const BASE = '/api/v1/admin/mirror-approvals'
const TAGS = ['mirror policies']
const Params = Type.Object({ id: Type.String() })

/** Approvals of providers and versions, and the end of a cool-down before time. Source: requirements.md RBA-13, MIR-19, API-18. */
export function approvalRoutes(deps: MirrorPolicyDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  const show = (id: string) => showApproval(db, id)
  return async (app) => {
    const reading = { requires: 'mirrors:read' } as const
    const listSchema = {
      tags: TAGS,
      summary: 'List approval requests, newest first',
      querystring: ListQuery,
      response: { 200: Paged(ApprovalView) },
    }
    app.get(BASE, { config: reading, schema: listSchema }, async ({ query }) => {
      const page = pageOf(query)
      const rows = await listApprovalRequests(db, query, page)
      const ids = rows.map(({ id }) => id)
      const decisions = await listDecisions(db, ids)
      return { items: rows.map((row) => presentApproval(row, decisions)), total: await countApprovalRequests(db, query), ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show an approval request', params: Params, response: { 200: ApprovalView } }
    app.get(`${BASE}/:id`, { config: reading, schema: showSchema }, ({ params }) => show(params.id))

    const requestSchema = {
      tags: TAGS,
      summary: 'Ask for the approval of a provider or version',
      body: RequestBody,
      response: { 201: ApprovalView },
    }
    app.post(BASE, { config: { ...reading, action: 'mirror_approval.request' }, schema: requestSchema }, async (request, reply) => {
      const { reason, ...subject } = request.body
      const id = await requestApproval(deps, { kind: 'approval', subject: readSubject(subject), reason, by: originOf(request) })
      return reply
        .code(201)
        .header('location', `${BASE}/${id}`)
        .send(await show(id))
    })
    await app.register(decisionRoutes(deps))
  }
}

function decisionRoutes(deps: MirrorPolicyDeps): FastifyPluginAsyncTypebox {
  const show = (id: string) => showApproval(deps.database.db, id)
  return async (app) => {
    const managing = { requires: 'mirrors:manage' } as const
    const overrideSchema = {
      tags: TAGS,
      summary: 'Let a version in before its cool-down is over',
      description: 'Where two people must approve, it is a request that others approve.',
      body: OverrideBody,
      response: { 201: ApprovalView },
    }
    const overriding = { ...managing, action: 'mirror_cool_down.override' }
    app.post(`${BASE}/override`, { config: overriding, schema: overrideSchema }, async (request, reply) => {
      const { reason, ...subject } = request.body
      const id = await overrideCoolDown(deps, { subject: readSubject(subject), reason, by: originOf(request) })
      return reply
        .code(201)
        .header('location', `${BASE}/${id}`)
        .send(await show(id))
    })

    for (const [word, decide] of [['approve', approveRequest] as const, ['reject', rejectRequest] as const]) {
      const summary = word === 'approve' ? 'Approve a request' : 'Reject a request, or take its approval back'
      const schema = { tags: TAGS, summary, params: Params, body: DecideBody, response: { 200: ApprovalView } }
      app.post(`${BASE}/:id/${word}`, { config: { ...managing, action: `mirror_approval.${word}` }, schema }, async (request) => {
        const { id } = request.params
        await decide(deps, id, { by: originOf(request), reason: request.body.reason ?? '' })
        return await show(id)
      })
    }
  }
}

async function showApproval(db: Db, id: string) {
  return presentApproval(await requireApproval(db, id, 'show'), await listDecisions(db, [id]))
}
