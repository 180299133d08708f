import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { changeOrganization, createOrganization, deleteOrganization } from './change-organizations.ts'
import type { OrganizationDeps } from './organization-deps.ts'
import { countOrganizations, listOrganizations } from './organization-queries.ts'
import { DisplayName, NameText, OrganizationParams, SearchText } from './request-schemas.ts'
import { requireOrganization, visibleOrganizations } from './require-authority.ts'

const OrganizationView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    display_name: Type.String(),
    members: Type.Integer({ description: 'Number of its members.' }),
    namespaces: Type.Integer({ description: 'Number of its namespaces.' }),
    created_at: Type.String({ format: 'date-time' }),
    created_by: Type.String(),
  },
  { $id: 'Organization' },
)

const CreateBody = Type.Object(
  { name: NameText, display_name: Type.Optional(DisplayName) },
  { additionalProperties: false, examples: [{ name: 'platform', display_name: 'Platform team' }] },
)
const ChangeBody = Type.Object(
  { display_name: DisplayName },
  { additionalProperties: false, examples: [{ display_name: 'Platform team' }] },
)
const ListQuery = Type.Object({ ...PageQuery.properties, q: SearchText })

const BASE = '/api/v1/organizations'
const TAGS = ['organizations']

/** Organisations. Source: requirements.md API-08, RBA-10. */
export function organizationRoutes(deps: OrganizationDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const listSchema = {
      tags: TAGS,
      summary: 'List the organisations that you have a role in',
      description: 'With `users:read` in the whole registry: all.',
      querystring: ListQuery,
      response: { 200: Paged(OrganizationView) },
    }
    app.get(BASE, { config: { requires: 'authenticated' }, schema: listSchema }, async ({ actor, query }) => {
      const filter = { ids: visibleOrganizations(deps, actor), q: query.q }
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listOrganizations(db, filter, page), countOrganizations(db, filter)])
      return { items: rows.map(presentOrganization), total, ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show an organisation', params: OrganizationParams, response: { 200: OrganizationView } }
    app.get(`${BASE}/:name`, { config: { requires: 'authenticated' }, schema: showSchema }, async ({ actor, params }) => {
      const { id } = await requireOrganization(deps, db, { name: params.name, actor, intent: 'show' })
      return await show(deps, id)
    })

    const createSchema = { tags: TAGS, summary: 'Create an organisation', body: CreateBody, response: { 201: OrganizationView } }
    app.post(BASE, { config: { requires: 'admin', action: 'organization.create' }, schema: createSchema }, async (request, reply) => {
      const { name, display_name: displayName } = request.body
      const { id } = await createOrganization(deps, { name, displayName, origin: originOf(request) })
      return reply.code(201).send(await show(deps, id))
    })

    for (const method of ['PATCH', 'PUT'] as const) {
      const schema = {
        tags: TAGS,
        summary: 'Give an organisation another display name',
        params: OrganizationParams,
        body: ChangeBody,
        response: { 204: Type.Null() },
        hide: method === 'PUT',
      }
      const config = { requires: 'admin', within: 'organization', action: 'organization.change' } as const
      app.route({
        method,
        url: `${BASE}/:name`,
        config,
        schema,
        handler: async (request, reply) => {
          const { params, body } = request
          await changeOrganization(deps, { name: params.name, displayName: body.display_name, origin: originOf(request) })
          return reply.code(204).send(null)
        },
      })
    }

    const deleteSchema = {
      tags: TAGS,
      summary: 'Delete an organisation that publishes nothing',
      params: OrganizationParams,
      response: { 204: Type.Null() },
    }
    const deleteConfig = { requires: 'admin', action: 'organization.delete' } as const
    app.delete(`${BASE}/:name`, { config: deleteConfig, schema: deleteSchema }, async (request, reply) => {
      await deleteOrganization(deps, { name: request.params.name, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}

type ListedOrganization = Awaited<ReturnType<typeof listOrganizations>>[number]

async function show({ database }: OrganizationDeps, id: string): Promise<Static<typeof OrganizationView>> {
  const [row] = await listOrganizations(database.db, { ids: [id] }, { limit: 1, offset: 0 })
  if (row === undefined) throw new Error('The organisation went away while it was read')
  return presentOrganization(row)
}

function presentOrganization({ id, name, displayName, members, namespaces, createdAt, createdBy }: ListedOrganization) {
  return {
    id,
    name,
    display_name: displayName,
    members: Number(members),
    namespaces: Number(namespaces),
    created_at: new Date(createdAt).toISOString(),
    created_by: createdBy,
  }
}
