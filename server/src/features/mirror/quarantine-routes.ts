import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { Deps } from '../../base/deps.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { countQuarantinedPackages, listQuarantinedPackages, type QuarantinedPackageRow } from './quarantine-queries.ts'

const QuarantinedPackageView = Type.Object(
  {
    id: Type.String(),
    hostname: Type.String(),
    namespace: Type.String(),
    type: Type.String(),
    version: Type.String(),
    os: Type.String(),
    arch: Type.String(),
    step: Type.String({ description: 'Verification step that refused it' }),
    code: Type.String(),
    message: Type.String(),
    evidence: Type.Record(Type.String(), Type.Unknown(), { description: 'Expected and found digests, key ids, addresses' }),
    upstream_url: Type.Union([Type.String(), Type.Null()]),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'QuarantinedPackage' },
)

/** What failed verification, with the evidence. */
export const quarantineRoutes =
  ({ database }: Pick<Deps, 'database'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/v1/admin/quarantine',
      {
        config: { requires: 'mirrors:read', rateLimitTier: 'api' },
        schema: { summary: 'List quarantined packages', querystring: PageQuery, response: { 200: Paged(QuarantinedPackageView) } },
      },
      async ({ query }) => {
        const page = pageOf(query)
        const [rows, total] = await Promise.all([listQuarantinedPackages(database.db, page), countQuarantinedPackages(database.db)])
        return { items: rows.map(presentQuarantined), total, ...page }
      },
    )
  }

function presentQuarantined({ upstreamUrl, createdAt, evidence, ...row }: QuarantinedPackageRow) {
  return {
    ...row,
    evidence: decodeJson<Record<string, unknown>>(evidence),
    upstream_url: upstreamUrl,
    created_at: new Date(createdAt).toISOString(),
  }
}
