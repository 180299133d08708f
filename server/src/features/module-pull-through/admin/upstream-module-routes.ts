import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Deps } from '../../../base/deps.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import { countHeldModules, type HeldModuleRow, listHeldModules } from '../held/held-module-queries.ts'
import { deleteHeldModule } from './delete-held-module.ts'

const OrNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const UpstreamModuleView = Type.Object(
  {
    id: Type.String(),
    hostname: Type.String(),
    namespace: Type.String(),
    name: Type.String(),
    system: Type.String(),
    version: Type.String(),
    size: Type.Integer({ description: 'Bytes of the stored archive' }),
    sha256: Type.String({ description: 'Of the stored archive' }),
    content_sha256: Type.String({ description: 'Of the tar in it: the same for the same files' }),
    source_kind: Type.String({ description: 'archive or git' }),
    source_url: Type.String({ description: 'Where it was fetched from, without query' }),
    ref: OrNull(Type.String({ description: 'Branch, tag or commit that the upstream named' })),
    commit: OrNull(Type.String({ description: 'Commit that it was' })),
    received_sha256: OrNull(Type.String({ description: 'Of the archive as it was received; null for Git' })),
    subdir: Type.String({ description: 'Folder of the module in the archive; empty: its root' }),
    created_at: Type.String({ format: 'date-time' }),
    created_by: Type.String(),
    damaged: Type.Boolean({ description: 'The stored bytes were found to differ; fetched anew by whoever asks next' }),
  },
  { $id: 'UpstreamModule' },
)

const Filter = Type.Object({
  ...PageQuery.properties,
  hostname: Type.Optional(Type.String({ maxLength: 253 })),
  namespace: Type.Optional(Type.String({ maxLength: 64, description: 'In any case' })),
  name: Type.Optional(Type.String({ maxLength: 64, description: 'In any case' })),
})

const BASE = '/api/v1/admin/upstream-modules'

/** Administration of the modules that came from upstreams. */
export const upstreamModuleRoutes =
  (deps: Pick<Deps, 'database' | 'clock' | 'store' | 'logger'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      BASE,
      {
        config: { requires: 'mirrors:read', rateLimitTier: 'api' },
        schema: {
          tags: ['mirror'],
          summary: 'List held modules of upstreams',
          querystring: Filter,
          response: { 200: Paged(UpstreamModuleView) },
        },
      },
      async ({ query }) => {
        const { limit: _limit, offset: _offset, ...filter } = query
        const page = pageOf(query)
        const { db } = deps.database
        const [rows, total] = await Promise.all([listHeldModules(db, { ...filter, ...page }), countHeldModules(db, filter)])
        return { items: rows.map(presentHeld), total, ...page }
      },
    )

    app.delete(
      `${BASE}/:id`,
      {
        config: { requires: 'mirrors:manage', rateLimitTier: 'api' },
        schema: {
          tags: ['mirror'],
          summary: 'Delete a held version of a module, so that it is fetched anew by whoever asks next',
          params: Type.Object({ id: Type.String() }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        await deleteHeldModule(deps, { id: request.params.id, by: originOf(request) })
        return reply.code(204).send(null)
      },
    )
  }

function presentHeld(row: HeldModuleRow) {
  const { id, hostname, namespace, name, system, version, size, sha256, subdir } = row
  return {
    ...{ id, hostname, namespace, name, system, version, size, sha256, subdir },
    content_sha256: row.contentSha256,
    source_kind: row.sourceKind,
    source_url: row.sourceUrl,
    ref: row.gitRef,
    commit: row.commitSha,
    received_sha256: row.receivedSha256,
    created_at: new Date(row.createdAt).toISOString(),
    created_by: row.createdBy,
    damaged: row.damagedAt !== null,
  }
}
