import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { AccountDeps } from '../account-deps.ts'
import { countApiKeys, listApiKeys } from './api-key-queries.ts'
import { ApiKeyView, CreatedApiKeyView, presentApiKey } from './api-key-views.ts'
import { createApiKey, revokeApiKey } from './api-keys.ts'
import { changeApiKey } from './change-api-key.ts'
import { listedKeys } from './key-access.ts'
import { rotateApiKey } from './rotate-api-key.ts'

const MAX_NAME = 100
const MAX_SCOPES = 50
const MAX_NAMESPACES = 100
const MAX_GRACE_HOURS = 72
const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$'
const NAMESPACE = '^[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?$'

const Name = Type.String({ minLength: 1, maxLength: MAX_NAME, pattern: PRINTABLE, description: 'What the key is for.' })
const Scopes = Type.Array(Type.String(), { minItems: 1, maxItems: MAX_SCOPES })
const Expiry = (description: string) => Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })
const Namespaces = Type.Union([Type.Array(Type.String({ pattern: NAMESPACE }), { minItems: 1, maxItems: MAX_NAMESPACES }), Type.Null()], {
  description: 'The only namespaces that it may change; null: no restriction.',
})

const CreateApiKeyBody = Type.Object(
  {
    name: Name,
    scopes: Scopes,
    expires_at: Type.Optional(Expiry('Default: never.')),
    organization: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Id or name of the only organisation in which it counts.' }),
    ),
    namespaces: Type.Optional(Namespaces),
  },
  { additionalProperties: false, examples: [{ name: 'release pipeline', scopes: ['modules:write'], expires_at: '2027-01-31T00:00:00Z' }] },
)

const ChangeApiKeyBody = Type.Object(
  {
    name: Type.Optional(Name),
    scopes: Type.Optional(Scopes),
    expires_at: Type.Optional(Expiry('Null: never.')),
    namespaces: Type.Optional(Namespaces),
  },
  {
    additionalProperties: false,
    examples: [{ expires_at: '2027-01-31T00:00:00Z' }],
    minProperties: 1,
    description: 'What is left out stays.',
  },
)

const RotateApiKeyBody = Type.Object(
  {
    grace_hours: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_GRACE_HOURS,
        description: 'How long the old key still works. Default 0: it is revoked at once.',
      }),
    ),
    expires_at: Type.Optional(Expiry('End of the new key. Default: as long a life as the old one had.')),
  },
  { additionalProperties: false, examples: [{ grace_hours: 24 }] },
)

const ListQuery = Type.Object({
  ...PageQuery.properties,
  all: Type.Optional(Type.Boolean({ description: 'Keys of all users, or of your organisations; needs `users:read`.' })),
})

const TAGS = ['accounts']
const Params = Type.Object({ id: Type.String() })
const ROUTES = [
  { url: '/api/v1/apikeys', hide: false },
  { url: '/api/v1/api-keys', hide: true },
] as const

interface Place {
  readonly url: string
  /** An alias is not in the OpenAPI document. */
  readonly hide: boolean
}

const momentOf = (text: string | null): number | null => (text === null ? null : Date.parse(text))

/** Lists and creates keys. `/api/v1/api-keys` is an alias. Source: requirements.md AUT-13, AUT-18, C17, C47. */
export function apiKeyRoutes(deps: AccountDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const place of ROUTES) {
      await app.register(listRoutes(deps, place))
      await app.register(changeRoutes(deps, place))
    }
  }
}

function listRoutes(deps: AccountDeps, { url, hide }: Place): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const listSchema = { tags: TAGS, summary: 'List API keys', querystring: ListQuery, response: { 200: Paged(ApiKeyView) }, hide }
    app.get(url, { config: { requires: 'authenticated' }, schema: listSchema }, async ({ actor, query }) => {
      const page = pageOf(query)
      const filter = listedKeys(actor, query.all)
      const rows = await listApiKeys(db, filter, page)
      const now = deps.clock.now()
      return { items: rows.map((row) => presentApiKey(row, now)), total: await countApiKeys(db, filter), ...page }
    })

    const schema = { tags: TAGS, summary: 'Create an API key', body: CreateApiKeyBody, response: { 201: CreatedApiKeyView }, hide }
    app.post(url, { config: { requires: 'authenticated', action: 'api_key.create' }, schema }, async (request, reply) => {
      const { name, scopes, expires_at: expiry = null, organization, namespaces = null } = request.body
      const wish = { name: name.trim(), scopes, expiresAt: momentOf(expiry), organization, namespaces, origin: originOf(request) }
      const { row, secret } = await createApiKey(deps, wish)
      return reply.code(201).send({ ...presentApiKey(row, deps.clock.now()), key: secret })
    })
  }
}

/** Edit, rotate, revoke. Source: requirements.md AUT-16, AUT-17. */
function changeRoutes(deps: AccountDeps, { url, hide }: Place): FastifyPluginAsyncTypebox {
  return async (app) => {
    const changeSchema = {
      tags: TAGS,
      summary: 'Change an API key',
      params: Params,
      body: ChangeApiKeyBody,
      response: { 200: ApiKeyView },
      hide,
    }
    const changing = { requires: 'authenticated', action: 'api_key.change' } as const
    app.put(`${url}/:id`, { config: changing, schema: changeSchema }, async (request) => {
      const { name, scopes, expires_at: expiry, namespaces } = request.body
      const expiresAt = expiry === undefined ? undefined : momentOf(expiry)
      const { id } = request.params
      const row = await changeApiKey(deps, { id, name: name?.trim(), scopes, expiresAt, namespaces, origin: originOf(request) })
      return presentApiKey(row, deps.clock.now())
    })

    const rotateSchema = {
      tags: TAGS,
      summary: 'Replace an API key by a new one',
      params: Params,
      body: RotateApiKeyBody,
      response: { 201: CreatedApiKeyView },
      hide,
    }
    const rotating = { requires: 'authenticated', action: 'api_key.rotate' } as const
    app.post(`${url}/:id/rotate`, { config: rotating, schema: rotateSchema }, async (request, reply) => {
      const { grace_hours: graceHours = 0, expires_at: expiry } = request.body
      const expiresAt = expiry === undefined ? undefined : momentOf(expiry)
      const { row, secret } = await rotateApiKey(deps, { id: request.params.id, graceHours, expiresAt, origin: originOf(request) })
      return reply.code(201).send({ ...presentApiKey(row, deps.clock.now()), key: secret })
    })

    const revokeSchema = { tags: TAGS, summary: 'Revoke an API key', params: Params, response: { 204: Type.Null() }, hide }
    const revoking = { requires: 'authenticated', action: 'api_key.revoke' } as const
    app.delete(`${url}/:id`, { config: revoking, schema: revokeSchema }, async (request, reply) => {
      await revokeApiKey(deps, { id: request.params.id, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}
