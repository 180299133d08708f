import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { decideOnSigningKey } from './decide-signing-key.ts'
import { countSigningKeys, listSigningKeys, type SigningKeyRow } from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'

const SigningKeyView = Type.Object(
  {
    id: Type.String(),
    hostname: Type.String({ description: '_self for keys of providers that are published here' }),
    namespace: Type.String(),
    fingerprint: Type.String(),
    key_id: Type.String(),
    user_id: Type.String(),
    source: Type.String({ description: 'announced, publisher or administrator' }),
    state: Type.String({ description: 'trusted, pending or rejected' }),
    created_at: Type.String({ format: 'date-time' }),
    decided_by: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'SigningKey' },
)

const IdParams = Type.Object({ id: Type.String() })

/** Which keys may sign for which namespace, and the decision on a new one. */
export const signingKeyRoutes =
  (deps: TrustDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/v1/admin/signing-keys',
      {
        config: { requires: 'mirrors:read', rateLimitTier: 'api' },
        schema: { summary: 'List signing keys', querystring: PageQuery, response: { 200: Paged(SigningKeyView) } },
      },
      async ({ query }) => {
        const page = pageOf(query)
        const [rows, total] = await Promise.all([listSigningKeys(deps.database.db, page), countSigningKeys(deps.database.db)])
        return { items: rows.map(presentSigningKey), total, ...page }
      },
    )

    for (const [verb, state] of [
      ['accept', 'trusted'],
      ['reject', 'rejected'],
    ] as const) {
      app.post(
        `/api/v1/admin/signing-keys/:id/${verb}`,
        {
          config: { requires: 'mirrors:manage', rateLimitTier: 'api' },
          schema: {
            summary: `${verb === 'accept' ? 'Accept' : 'Reject'} a signing key`,
            params: IdParams,
            response: { 200: SigningKeyView },
          },
        },
        async (request) => presentSigningKey(await decideOnSigningKey(deps, { id: request.params.id, state, by: originOf(request) })),
      )
    }
  }

function presentSigningKey(row: SigningKeyRow) {
  return {
    id: row.id,
    hostname: row.hostname,
    namespace: row.namespace,
    fingerprint: row.fingerprint,
    key_id: row.keyId,
    user_id: row.userId,
    source: row.source,
    state: row.state,
    created_at: new Date(row.createdAt).toISOString(),
    decided_by: row.decidedBy,
  }
}
