import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { Deps } from '../../base/deps.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { readerOf } from '../namespaces/index.ts'
import { type AdminPackageRow, countAdminPackages, listAdminPackages } from './admin-queries.ts'
import { changePackage, deletePackage } from './change-package.ts'

const ISO = Type.String({ format: 'date-time' })

const OrNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const AcceptedFindings = Type.Object(
  { message: Type.String(), rules: Type.Array(Type.String()), reason: Type.String(), by: Type.String(), at: ISO },
  { description: 'What of the verification an administrator has let pass' },
)

const UpstreamChange = Type.Object(
  { zh: Type.String({ description: 'What the upstream signs for it now; empty when it signs nothing for it' }), at: ISO },
  { description: 'The upstream signs other bytes under this name; what is held stays in service' },
)

const AdminPackageView = Type.Object(
  {
    id: Type.String({ description: 'Of this platform' }),
    version_id: Type.String({ description: 'Of the version with all its platforms' }),
    hostname: Type.String({ description: '_self for providers that are published here' }),
    namespace: Type.String(),
    type: Type.String(),
    version: Type.String(),
    os: Type.String(),
    arch: Type.String(),
    filename: Type.String(),
    size: Type.Integer({ description: 'Bytes' }),
    zh: Type.String(),
    h1: Type.String(),
    origin: Type.String({ description: 'published or mirrored' }),
    signed_by: Type.String({ description: 'upstream, publisher or registry' }),
    signing_key: Type.String({ description: 'Fingerprint' }),
    provenance: Type.String({ description: 'verified, or unsigned: an administrator let it in without a signature' }),
    warning: Type.Union([Type.String(), Type.Null()]),
    upstream_url: Type.Union([Type.String(), Type.Null()]),
    verified_at: ISO,
    created_at: ISO,
    created_by: Type.String(),
    deprecated: Type.Boolean(),
    deprecation_message: Type.Union([Type.String(), Type.Null()]),
    blocked: Type.Boolean(),
    blocked_reason: Type.Union([Type.String(), Type.Null()]),
    damaged: Type.Boolean({ description: 'The stored bytes were found to differ from zh; load the package again' }),
    accepted_findings: OrNull(AcceptedFindings),
    upstream_change: OrNull(UpstreamChange),
  },
  { $id: 'AdminPackage' },
)

const Filter = Type.Object({
  ...PageQuery.properties,
  hostname: Type.Optional(Type.String({ maxLength: 253 })),
  namespace: Type.Optional(Type.String({ maxLength: 128 })),
  type: Type.Optional(Type.String({ maxLength: 128 })),
  version: Type.Optional(Type.String({ maxLength: 128 })),
  q: Type.Optional(Type.String({ maxLength: 128 })),
})

const FlagsBody = Type.Object(
  {
    deprecated: Type.Optional(Type.Boolean()),
    deprecation_message: Type.Optional(Type.String({ maxLength: 500 })),
    blocked: Type.Optional(Type.Boolean()),
    blocked_reason: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false, examples: [{ deprecated: true, deprecation_message: 'Use 2.0.0' }], minProperties: 1 },
)

const IdParams = Type.Object({ id: Type.String() })

/** Administration of the held providers; `/admin/api/providers` are documented aliases (C16). */
export const providerAdminRoutes =
  (deps: Pick<Deps, 'database' | 'clock' | 'store'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const base of ['/api/v1/admin/providers', '/admin/api/providers']) {
      app.get(
        base,
        {
          config: { requires: 'mirrors:read', within: 'organization', rateLimitTier: 'api' },
          schema: { summary: 'List held packages', querystring: Filter, response: { 200: Paged(AdminPackageView) } },
        },
        async ({ actor, query }) => {
          const { limit: _limit, offset: _offset, ...rest } = query
          const filter = { ...rest, reader: readerOf(actor, 'providers') }
          const page = pageOf(query)
          const [rows, total] = await Promise.all([
            listAdminPackages(deps.database.db, filter, page),
            countAdminPackages(deps.database.db, filter),
          ])
          return { items: rows.map(presentAdminPackage), total, ...page }
        },
      )

      app.patch(
        `${base}/:id`,
        {
          config: { requires: 'mirrors:manage', within: 'organization', rateLimitTier: 'api' },
          schema: {
            summary: 'Deprecate or block a version or a platform',
            params: IdParams,
            body: FlagsBody,
            response: { 204: Type.Null() },
          },
        },
        async (request, reply) => {
          const { deprecated, deprecation_message, blocked, blocked_reason } = request.body
          await changePackage(deps, {
            id: request.params.id,
            by: originOf(request),
            flags: {
              ...(deprecated !== undefined && { deprecated }),
              ...(deprecation_message !== undefined && { deprecationMessage: deprecation_message }),
              ...(blocked !== undefined && { blocked }),
              ...(blocked_reason !== undefined && { blockedReason: blocked_reason }),
            },
          })
          return reply.code(204).send(null)
        },
      )

      app.delete(
        `${base}/:id`,
        {
          config: { requires: 'mirrors:manage', within: 'organization', rateLimitTier: 'api' },
          schema: { summary: 'Delete a version or a platform for ever', params: IdParams, response: { 204: Type.Null() } },
        },
        async (request, reply) => {
          await deletePackage(deps, { id: request.params.id, by: originOf(request) })
          return reply.code(204).send(null)
        },
      )
    }
  }

function presentAdminPackage(row: AdminPackageRow) {
  return {
    id: row.id,
    version_id: row.versionId,
    hostname: row.hostname,
    namespace: row.namespace,
    type: row.type,
    version: row.version,
    os: row.os,
    arch: row.arch,
    filename: row.filename,
    size: row.size,
    zh: row.zh,
    h1: row.h1,
    origin: row.origin,
    signed_by: row.signedBy,
    signing_key: row.signingKeyFingerprint,
    provenance: row.provenance,
    warning: row.verificationWarning,
    upstream_url: row.upstreamUrl,
    verified_at: new Date(row.verifiedAt).toISOString(),
    created_at: new Date(row.createdAt).toISOString(),
    created_by: row.createdBy,
    deprecated: row.deprecatedAt !== null,
    deprecation_message: row.deprecationMessage,
    blocked: row.blockedAt !== null || row.versionBlockedAt !== null,
    blocked_reason: row.blockedReason ?? row.versionBlockedReason,
    damaged: row.damagedAt !== null,
    accepted_findings: row.acceptedFindings === null ? null : decodeJson<Static<typeof AcceptedFindings>>(row.acceptedFindings),
    upstream_change:
      row.upstreamChangedAt === null ? null : { zh: row.upstreamZh ?? '', at: new Date(row.upstreamChangedAt).toISOString() },
  }
}
