import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { decodeJson } from '../../../base/database/columns.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type Origin, originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import { DisplayName, NameText, OrganizationParams, requireOrganization, SearchText } from '../../organizations/index.ts'
import type { UserDeps } from '../user-deps.ts'
import { EmailText, NullableText, PasswordText, UsernameText } from '../user-views.ts'
import { addMember, addNewMember, changeMember, removeMember } from './change-members.ts'
import { countMembers, listMembers, type MemberRow } from './member-queries.ts'

const MemberView = Type.Object(
  {
    user_id: Type.String(),
    username: Type.String(),
    display_name: NullableText,
    disabled: Type.Boolean(),
    role: Type.Object({ id: Type.String(), name: Type.String(), scopes: Type.Array(Type.String()) }),
    granted_by: Type.Union([Type.String(), Type.Null()], { description: 'Issuer whose groups gave the role; null: given by hand.' }),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Member' },
)

const Role = Type.String({ minLength: 1, maxLength: 64, description: 'Id or name of a role template.' })
const AddBody = Type.Object(
  {
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Id or name of a user; or `username` for a new one.' })),
    username: Type.Optional(UsernameText),
    email: Type.Optional(EmailText),
    display_name: Type.Optional(DisplayName),
    password: Type.Optional(PasswordText),
    role: Role,
  },
  { additionalProperties: false, examples: [{ user: 'mia', role: 'publisher' }] },
)
const ChangeBody = Type.Object({ role: NameText }, { additionalProperties: false, examples: [{ role: 'viewer' }] })
const ListQuery = Type.Object({ ...PageQuery.properties, q: SearchText })
const MemberParams = Type.Object({ ...OrganizationParams.properties, user_id: Type.String() })

const BASE = '/api/v1/organizations/:name/members'
const TAGS = ['organizations']
const manage = { requires: 'users:manage', within: 'organization' } as const

/** Who has which role in an organisation. Source: requirements.md RBA-08, API-08. */
export function memberRoutes(deps: UserDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const listSchema = {
      tags: TAGS,
      summary: 'List the members of an organisation',
      params: OrganizationParams,
      querystring: ListQuery,
      response: { 200: Paged(MemberView) },
    }
    const listConfig = { requires: 'users:read', within: 'organization' } as const
    app.get(BASE, { config: listConfig, schema: listSchema }, async ({ actor, params, query }) => {
      const intent = 'list the members of'
      const { id } = await requireOrganization(deps, db, { name: params.name, actor, scope: 'users:read', intent })
      const filter = { organizationId: id, q: query.q }
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listMembers(db, filter, page), countMembers(db, filter)])
      return { items: rows.map(presentMember), total, ...page }
    })

    const addSchema = {
      tags: TAGS,
      summary: 'Add a member to an organisation',
      description: 'With `user`: somebody who is a user already. With `username`: a new user.',
      params: OrganizationParams,
      body: AddBody,
      response: { 201: MemberView },
    }
    app.post(BASE, { config: { ...manage, action: 'organization_member.add' }, schema: addSchema }, async (request, reply) => {
      const { params, body } = request
      const row = await add(deps, body, { organization: params.name, origin: originOf(request) })
      return reply.code(201).send(presentMember(row))
    })

    const changeSchema = {
      tags: TAGS,
      summary: 'Give a member another role',
      params: MemberParams,
      body: ChangeBody,
      response: { 200: MemberView },
    }
    const changeConfig = { ...manage, action: 'organization_member.update' }
    app.put(`${BASE}/:user_id`, { config: changeConfig, schema: changeSchema }, async (request) => {
      const { name: organization, user_id: userId } = request.params
      return presentMember(await changeMember(deps, { organization, userId, role: request.body.role, origin: originOf(request) }))
    })

    const removeSchema = { tags: TAGS, summary: 'End a membership', params: MemberParams, response: { 204: Type.Null() } }
    const removeConfig = { ...manage, action: 'organization_member.remove' }
    app.delete(`${BASE}/:user_id`, { config: removeConfig, schema: removeSchema }, async (request, reply) => {
      const { name: organization, user_id: userId } = request.params
      await removeMember(deps, { organization, userId, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}

function add(deps: UserDeps, body: Static<typeof AddBody>, of: { readonly organization: string; readonly origin: Origin }) {
  const { user, username, role, email, display_name: displayName, password } = body
  const isNew = username !== undefined
  const hasMore = email !== undefined || displayName !== undefined || password !== undefined
  if (isNew && user === undefined) return addNewMember(deps, { ...of, role, user: { username, email, displayName, password } })
  if (!isNew && user !== undefined && !hasMore) return addMember(deps, { ...of, role, user })
  throw new RegistryError('RULE_BROKEN', `Cannot add a member to organisation "${of.organization}": it must be one user, known or new`, {
    hint: 'Send "user" for somebody who is a user already, or "username" with "email", "display_name" and "password" for a new one',
  })
}

function presentMember(row: MemberRow): Static<typeof MemberView> {
  return {
    user_id: row.userId,
    username: row.username,
    display_name: row.displayName,
    disabled: row.disabledAt !== null,
    role: { id: row.roleId, name: row.roleName, scopes: decodeJson<string[]>(row.roleScopes) },
    granted_by: row.grantedBy,
    created_at: new Date(row.createdAt).toISOString(),
  }
}
