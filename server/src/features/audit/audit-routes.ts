import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { type AuditFilter, countAuditRows, listAuditRows } from './audit-queries.ts'
import { AuditEntryView, presentAuditEntry } from './present-audit.ts'

const MAX_TEXT = 512

const AuditQuery = Type.Object({
  ...PageQuery.properties,
  action: Type.Optional(Type.String({ maxLength: MAX_TEXT, description: 'Exact action, for example `api_key.create`.' })),
  actor: Type.Optional(Type.String({ maxLength: MAX_TEXT, description: 'Exact name of the actor.' })),
  object: Type.Optional(Type.String({ maxLength: MAX_TEXT, description: 'Exact object.' })),
  outcome: Type.Optional(Type.Union([Type.Literal('allowed'), Type.Literal('denied'), Type.Literal('error')])),
  since: Type.Optional(Type.String({ format: 'date-time', description: 'From this time on (ISO 8601).' })),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'Before this time (ISO 8601).' })),
})

function filterOf(query: Static<typeof AuditQuery>): AuditFilter {
  return {
    action: query.action,
    actorName: query.actor,
    object: query.object,
    outcome: query.outcome,
    since: query.since === undefined ? undefined : Date.parse(query.since),
    until: query.until === undefined ? undefined : Date.parse(query.until),
  }
}

/** `GET /api/v1/audit` and its alias `/admin/api/audit`: records, newest first. Source: requirements.md API-06, C16. */
export function auditRoutes(deps: Pick<Deps, 'database'>): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    for (const url of ['/api/v1/audit', '/admin/api/audit']) {
      const schema = { tags: ['audit'], querystring: AuditQuery, response: { 200: Paged(AuditEntryView) }, hide: url.startsWith('/admin/') }
      app.get(url, { config: { requires: 'audit:read' }, schema }, async ({ query }) => {
        const page = pageOf(query)
        const filter = filterOf(query)
        const rows = await listAuditRows(db, filter, page)
        return { items: rows.map(presentAuditEntry), total: await countAuditRows(db, filter), ...page }
      })
    }
  }
}
