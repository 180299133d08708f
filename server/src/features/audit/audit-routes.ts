import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { AuditFilterQuery, filterOf } from './audit-filter.ts'
import { countAuditRows, listAuditRows } from './audit-queries.ts'
import { verifyChain } from './chain/verify-chain.ts'
import { exportAudit } from './export-audit.ts'
import { AuditEntryView, AuditVerdictView, presentAuditEntry, presentVerdict } from './present-audit.ts'

const NDJSON = 'application/x-ndjson'
const READ = { requires: 'audit:read', rateLimitTier: 'api' } as const

const ListQuery = Type.Object({ ...PageQuery.properties, ...AuditFilterQuery.properties })

/**
 * `GET /api/v1/audit` and its alias `/admin/api/audit`: records, newest first; `/export`: all of them as NDJSON; `/verify`: whether
 * they are as they were written. Source: requirements.md API-06, C16, C50.
 */
export function auditRoutes({ database }: Pick<Deps, 'database'>): FastifyPluginAsyncTypebox {
  const { db } = database
  return async (app) => {
    for (const url of ['/api/v1/audit', '/admin/api/audit']) {
      const summary = 'List audit records, newest first'
      const hide = url.startsWith('/admin/')
      const schema = { tags: ['audit'], summary, querystring: ListQuery, response: { 200: Paged(AuditEntryView) }, hide }
      app.get(url, { config: READ, schema }, async ({ query }) => {
        const page = pageOf(query)
        const filter = filterOf(query)
        const rows = await listAuditRows(db, filter, page)
        return { items: rows.map(presentAuditEntry), total: await countAuditRows(db, filter), ...page }
      })
    }

    app.get('/api/v1/audit/export', { config: READ, schema: exportSchema }, async ({ query }, reply) => {
      const pages = exportAudit(db, filterOf(query))
      // Before the answer begins, so that a database that is away is a clear 503 and not a cut connection.
      const first = await pages.next()
      reply.header('content-type', `${NDJSON}; charset=utf-8`).header('cache-control', 'no-store')
      reply.header('content-disposition', 'attachment; filename="terrace-audit.ndjson"')
      return reply.send(Readable.from(startingWith(first, pages), { objectMode: false }))
    })

    app.get('/api/v1/audit/verify', { config: READ, schema: verifySchema }, async () => presentVerdict(await verifyChain(db)))
  }
}

const exportSchema = {
  tags: ['audit'],
  summary: 'All audit records that match, oldest first, one JSON document a line',
  querystring: AuditFilterQuery,
  produces: [NDJSON],
  response: { 200: { description: 'One record a line.', content: { [NDJSON]: { schema: Type.Unsafe<Readable>(Type.String()) } } } },
}

const verifySchema = {
  tags: ['audit'],
  summary: 'Whether the audit records are as they were written',
  response: { 200: AuditVerdictView },
}

async function* startingWith(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value
  yield* rest
}
