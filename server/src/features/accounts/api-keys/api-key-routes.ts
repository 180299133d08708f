import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { type Actor, originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import { hasScope } from '../../access/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { ApiKeyView, CreatedApiKeyView, presentApiKey } from '../account-views.ts'
import { countApiKeys, listApiKeys } from './api-key-queries.ts'
import { createApiKey, revokeApiKey } from './api-keys.ts'

const MAX_NAME = 100
const MAX_SCOPES = 50
const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$'

const CreateApiKeyBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: MAX_NAME, pattern: PRINTABLE, description: 'What the key is for.' }),
    scopes: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_SCOPES }),
    expires_at: Type.Optional(Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'Default: never.' })),
  },
  { additionalProperties: false },
)

const ListQuery = Type.Object({
  ...PageQuery.properties,
  all: Type.Optional(Type.Boolean({ description: 'Keys of all users; needs `users:read`.' })),
})

const TAGS = ['accounts']

/** Whose keys to list; `undefined` for everybody's. */
function listedOwner(actor: Actor, all: boolean | undefined): string | undefined {
  if (all !== true) return actor.id ?? ''
  if (hasScope(actor.scopes, 'users:read')) return undefined
  throw new RegistryError('SCOPE_MISSING', 'Cannot list the API keys of all users: the credential lacks the scope "users:read"')
}

/** API keys of the caller. `/api/v1/api-keys` is an alias. Source: requirements.md AUT-13, AUT-18, C17, C47. */
export function apiKeyRoutes(deps: AccountDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    for (const url of ['/api/v1/apikeys', '/api/v1/api-keys']) {
      const hide = url.endsWith('api-keys')

      const listSchema = { tags: TAGS, summary: 'List API keys', querystring: ListQuery, response: { 200: Paged(ApiKeyView) }, hide }
      app.get(url, { config: { requires: 'authenticated' }, schema: listSchema }, async ({ actor, query }) => {
        const page = pageOf(query)
        const owner = listedOwner(actor, query.all)
        const rows = await listApiKeys(db, owner, page)
        return { items: rows.map(presentApiKey), total: await countApiKeys(db, owner), ...page }
      })

      const schema = { tags: TAGS, summary: 'Create an API key', body: CreateApiKeyBody, response: { 201: CreatedApiKeyView }, hide }
      app.post(url, { config: { requires: 'authenticated', action: 'api_key.create' }, schema }, async (request, reply) => {
        const { name, scopes, expires_at: expiry } = request.body
        const expiresAt = typeof expiry === 'string' ? Date.parse(expiry) : null
        const { row, secret } = await createApiKey(deps, { name: name.trim(), scopes, expiresAt, origin: originOf(request) })
        return reply.code(201).send({ ...presentApiKey(row), key: secret })
      })

      const params = Type.Object({ id: Type.String() })
      const revokeSchema = { tags: TAGS, summary: 'Revoke an API key', params, response: { 204: Type.Null() }, hide }
      const config = { requires: 'authenticated', action: 'api_key.revoke' } as const
      app.delete(`${url}/:id`, { config, schema: revokeSchema }, async (request, reply) => {
        await revokeApiKey(deps, { id: request.params.id, origin: originOf(request) })
        return reply.code(204).send(null)
      })
    }
  }
}
