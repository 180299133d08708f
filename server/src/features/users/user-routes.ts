import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Db } from '../../base/database/open-database.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { DisplayName, NameText, SearchText } from '../organizations/index.ts'
import { changeUser, createUser, deleteUser, firstRoleOf } from './change-users.ts'
import { listRolesOf } from './members/member-queries.ts'
import { requireUser } from './user-authority.ts'
import type { UserDeps } from './user-deps.ts'
import { countUsers, listUsers } from './user-queries.ts'
import { EmailText, PasswordText, presentUser, UsernameText, UserView } from './user-views.ts'

const Scopes = Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50, description: 'Held in the whole registry.' })

const CreateBody = Type.Object(
  {
    username: UsernameText,
    email: Type.Optional(EmailText),
    display_name: Type.Optional(DisplayName),
    password: Type.Optional(PasswordText),
    scopes: Type.Optional(Scopes),
    organization: Type.Optional(NameText),
    role: Type.Optional(NameText),
  },
  { additionalProperties: false, examples: [{ username: 'mia', email: 'mia@example.com', organization: 'default', role: 'publisher' }] },
)
const ChangeBody = Type.Object(
  {
    email: Type.Optional(Type.Union([EmailText, Type.Null()])),
    display_name: Type.Optional(Type.Union([DisplayName, Type.Null()])),
    scopes: Type.Optional(Scopes),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, examples: [{ disabled: true }], minProperties: 1 },
)
const ListQuery = Type.Object({ ...PageQuery.properties, q: SearchText, disabled: Type.Optional(Type.Boolean()) })
const UserParams = Type.Object({ id: Type.String() })

const BASE = '/api/v1/users'
const TAGS = ['users']
const manage = { requires: 'users:manage' } as const

async function show(db: Db, id: string) {
  const user = await requireUser(db, id, 'show user')
  return presentUser(user, await listRolesOf(db, [id]))
}

/** Users of the whole registry. Source: requirements.md API-07, RBA-04. */
export function userRoutes(deps: UserDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(readRoutes(deps))
    await app.register(changeRoutes(deps))
  }
}

function readRoutes({ database: { db } }: UserDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const listSchema = { tags: TAGS, summary: 'List users', querystring: ListQuery, response: { 200: Paged(UserView) } }
    app.get(BASE, { config: { requires: 'users:read' }, schema: listSchema }, async ({ query }) => {
      const filter = { q: query.q, disabled: query.disabled }
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listUsers(db, filter, page), countUsers(db, filter)])
      const roles = await listRolesOf(
        db,
        rows.map(({ id }) => id),
      )
      return { items: rows.map((row) => presentUser(row, roles)), total, ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show a user', params: UserParams, response: { 200: UserView } }
    app.get(`${BASE}/:id`, { config: { requires: 'users:read' }, schema: showSchema }, ({ params }) => show(db, params.id))
  }
}

function changeRoutes(deps: UserDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const createSchema = { tags: TAGS, summary: 'Create a user', body: CreateBody, response: { 201: UserView } }
    app.post(BASE, { config: { ...manage, action: 'user.create' }, schema: createSchema }, async (request, reply) => {
      const { display_name: displayName, scopes = [], organization, role, ...user } = request.body
      const first = firstRoleOf({ ...(organization !== undefined && { organization }), ...(role !== undefined && { role }) })
      const id = await createUser(deps, { ...user, displayName, scopes, role: first, origin: originOf(request) })
      return reply.code(201).send(await show(db, id))
    })

    for (const method of ['PATCH', 'PUT'] as const) {
      const schema = {
        tags: TAGS,
        summary: 'Change, disable or enable a user',
        params: UserParams,
        body: ChangeBody,
        response: { 200: UserView },
        hide: method === 'PUT',
      }
      app.route({
        method,
        url: `${BASE}/:id`,
        config: { ...manage, action: 'user.change' },
        schema,
        handler: async (request) => {
          const { display_name: displayName, ...change } = request.body
          await changeUser(deps, { id: request.params.id, change: { ...change, displayName }, origin: originOf(request) })
          return await show(db, request.params.id)
        },
      })
    }

    const deleteSchema = { tags: TAGS, summary: 'Delete a user', params: UserParams, response: { 204: Type.Null() } }
    app.delete(`${BASE}/:id`, { config: { ...manage, action: 'user.delete' }, schema: deleteSchema }, async (request, reply) => {
      await deleteUser(deps, { id: request.params.id, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}
