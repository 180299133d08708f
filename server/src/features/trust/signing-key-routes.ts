import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { addSigningKey, deleteSigningKey, retireSigningKey } from './change-signing-keys.ts'
import { decideOnSigningKey } from './decide-signing-key.ts'
import { countSigningKeys, listSigningKeys, type SigningKeyRow } from './signing-key-queries.ts'
import { presentSigningKey, SigningKeyView } from './signing-key-views.ts'
import type { TrustDeps } from './trust-deps.ts'

const BASE = '/api/v1/admin/signing-keys'
const READING = { requires: 'mirrors:read', rateLimitTier: 'api' } as const
const MANAGING = { requires: 'mirrors:manage', rateLimitTier: 'api' } as const
const IdParams = Type.Object({ id: Type.String() })

const AddBody = Type.Object(
  {
    scope: Type.String({
      minLength: 3,
      maxLength: 400,
      description: 'HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider; _self is the host of what is published here',
    }),
    ascii_armor: Type.String({ minLength: 1, maxLength: 512 * 1024, description: 'Public key block' }),
    fingerprint: Type.Optional(
      Type.String({ maxLength: 100, description: 'What its owner says it is; any other key is refused. Spaces do not count' }),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        scope: 'registry.terraform.io/acme',
        ascii_armor: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n…\n-----END PGP PUBLIC KEY BLOCK-----\n',
        fingerprint: 'C874011F0AB405110D02105534365D9472D7468F',
      },
    ],
  },
)

const RetireBody = Type.Object(
  { at: Type.Optional(Type.String({ format: 'date-time', description: 'From when on what it signs does not count; default: now' })) },
  { additionalProperties: false, examples: [{ at: '2026-12-31T00:00:00Z' }] },
)

/** Which keys may sign for which namespace or provider, and the decisions on them. Source: requirements.md MIR-12. */
export const signingKeyRoutes =
  (deps: TrustDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const present: Present = (row) => presentSigningKey(row, deps.clock.now())
    const listSchema = { summary: 'List signing keys', querystring: PageQuery, response: { 200: Paged(SigningKeyView) } }
    app.get(BASE, { config: READING, schema: listSchema }, async ({ query }) => {
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listSigningKeys(deps.database.db, page), countSigningKeys(deps.database.db)])
      return { items: rows.map(present), total, ...page }
    })

    const addSchema = { summary: 'Trust a signing key', body: AddBody, response: { 201: SigningKeyView } }
    app.post(BASE, { config: { ...MANAGING, action: 'signing_key.add' }, schema: addSchema }, async (request, reply) => {
      const { scope, ascii_armor: armor, fingerprint } = request.body
      return reply.code(201).send(present(await addSigningKey(deps, { scope, armor, fingerprint, by: originOf(request) })))
    })

    await app.register(decisionRoutes(deps, present))
  }

type Present = (row: SigningKeyRow) => ReturnType<typeof presentSigningKey>

function decisionRoutes(deps: TrustDeps, present: Present): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const [verb, state] of [
      ['accept', 'trusted'],
      ['reject', 'rejected'],
    ] as const) {
      const summary = `${verb === 'accept' ? 'Accept' : 'Reject'} a signing key`
      const schema = { summary, params: IdParams, response: { 200: SigningKeyView } }
      app.post(`${BASE}/:id/${verb}`, { config: MANAGING, schema }, async (request, reply) =>
        reply.send(present(await decideOnSigningKey(deps, { id: request.params.id, state, by: originOf(request) }))),
      )
    }

    const retireSchema = {
      summary: 'Let a signing key sign nothing new',
      params: IdParams,
      body: RetireBody,
      response: { 200: SigningKeyView },
    }
    app.post(
      `${BASE}/:id/retire`,
      { config: { ...MANAGING, action: 'signing_key.retire' }, schema: retireSchema },
      async (request, reply) => {
        const at = request.body.at === undefined ? undefined : Date.parse(request.body.at)
        return reply.send(present(await retireSigningKey(deps, { id: request.params.id, by: originOf(request), at })))
      },
    )

    const deleteSchema = { summary: 'Forget a signing key', params: IdParams, response: { 204: Type.Null() } }
    app.delete(`${BASE}/:id`, { config: { ...MANAGING, action: 'signing_key.delete' }, schema: deleteSchema }, async (request, reply) => {
      await deleteSigningKey(deps, { id: request.params.id, by: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}
