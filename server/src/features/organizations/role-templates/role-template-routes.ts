import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { decodeJson } from '../../../base/database/columns.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { OrganizationDeps } from '../organization-deps.ts'
import { NameText, OrganizationParams, SearchText } from '../request-schemas.ts'
import { requireOrganization } from '../require-authority.ts'
import { changeRoleTemplate, createRoleTemplate, deleteRoleTemplate } from './change-role-templates.ts'
import { countRoleTemplates, listRoleTemplates, type RoleTemplateFilter, type RoleTemplateRow } from './role-template-queries.ts'

const Description = Type.String({ maxLength: 500 })
const Scopes = Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 50 })

const RoleTemplateView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    description: Type.String(),
    scopes: Type.Array(Type.String()),
    system: Type.Boolean({ description: 'Comes with the product and stays as it is.' }),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'RoleTemplate' },
)

const CreateBody = Type.Object(
  { name: NameText, description: Type.Optional(Description), scopes: Scopes },
  { additionalProperties: false, examples: [{ name: 'releaser', description: 'Publishes modules', scopes: ['modules:write'] }] },
)
const ChangeBody = Type.Object(
  { description: Type.Optional(Description), scopes: Type.Optional(Scopes) },
  { additionalProperties: false, examples: [{ scopes: ['modules:write', 'providers:write'] }], minProperties: 1 },
)
const ListQuery = Type.Object({ ...PageQuery.properties, q: SearchText })
const RoleParams = Type.Object({
  ...OrganizationParams.properties,
  role: Type.String({ maxLength: 64, description: 'Id or name of the role template.' }),
})

const OWN = '/api/v1/organizations/:name/role-templates'
const TAGS = ['organizations']
const manage = { requires: 'users:manage', within: 'organization' } as const

/** Named sets of scopes. Source: requirements.md RBA-05, RBA-06, API-18. */
export function roleTemplateRoutes(deps: OrganizationDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(listRoutes(deps))
    await app.register(changeRoutes(deps))
  }
}

async function list({ database: { db } }: OrganizationDeps, filter: RoleTemplateFilter, query: PageQuery) {
  const page = pageOf(query)
  const [rows, total] = await Promise.all([listRoleTemplates(db, filter, page), countRoleTemplates(db, filter)])
  return { items: rows.map(presentRoleTemplate), total, ...page }
}

function listRoutes(deps: OrganizationDeps): FastifyPluginAsyncTypebox {
  const answer = { querystring: ListQuery, response: { 200: Paged(RoleTemplateView) } }
  return async (app) => {
    const systemSchema = { tags: TAGS, summary: 'List the role templates of the product', ...answer }
    app.get('/api/v1/role-templates', { config: { requires: 'authenticated' }, schema: systemSchema }, ({ query }) =>
      list(deps, { organizationId: null, q: query.q }, query),
    )

    const ownSchema = { tags: TAGS, summary: 'List the role templates of an organisation', params: OrganizationParams, ...answer }
    app.get(OWN, { config: { requires: 'authenticated' }, schema: ownSchema }, async ({ actor, params, query }) => {
      const { id } = await requireOrganization(deps, deps.database.db, { name: params.name, actor, intent: 'list the roles of' })
      return await list(deps, { organizationId: id, q: query.q }, query)
    })
  }
}

function changeRoutes(deps: OrganizationDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const createSchema = {
      tags: TAGS,
      summary: 'Create a role template of an organisation',
      params: OrganizationParams,
      body: CreateBody,
      response: { 201: RoleTemplateView },
    }
    app.post(OWN, { config: { ...manage, action: 'role_template.create' }, schema: createSchema }, async (request, reply) => {
      const { name, description = '', scopes } = request.body
      const organization = request.params.name
      const row = await createRoleTemplate(deps, { organization, name, description, scopes, origin: originOf(request) })
      return reply.code(201).send(presentRoleTemplate(row))
    })

    for (const method of ['PATCH', 'PUT'] as const) {
      const schema = {
        tags: TAGS,
        summary: 'Change a role template of an organisation',
        params: RoleParams,
        body: ChangeBody,
        response: { 200: RoleTemplateView },
        hide: method === 'PUT',
      }
      app.route({
        method,
        url: `${OWN}/:role`,
        config: { ...manage, action: 'role_template.change' },
        schema,
        handler: async (request) => {
          const { name: organization, role } = request.params
          return presentRoleTemplate(await changeRoleTemplate(deps, { organization, role, ...request.body, origin: originOf(request) }))
        },
      })
    }

    const deleteSchema = {
      tags: TAGS,
      summary: 'Delete a role template that nobody has',
      params: RoleParams,
      response: { 204: Type.Null() },
    }
    const deleteConfig = { ...manage, action: 'role_template.delete' }
    app.delete(`${OWN}/:role`, { config: deleteConfig, schema: deleteSchema }, async (request, reply) => {
      const { name: organization, role } = request.params
      await deleteRoleTemplate(deps, { organization, role, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}

function presentRoleTemplate({ id, name, description, scopes, organizationId, createdAt }: RoleTemplateRow) {
  return {
    id,
    name,
    description,
    scopes: decodeJson<string[]>(scopes),
    system: organizationId === null,
    created_at: new Date(createdAt).toISOString(),
  }
}
