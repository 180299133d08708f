import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { type Actor, originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { organizationsWhere } from '../access/index.ts'
import { changeNamespace, createNamespace, deleteNamespace } from './change-namespaces.ts'
import { countNamespaces, listNamespaces, type NamespaceReader } from './namespace-queries.ts'

const VisibilityText = Type.Union([Type.Literal('public'), Type.Literal('private')], {
  description: 'Whether its modules and providers are read without a token',
})
const Name = Type.String({ minLength: 1, maxLength: 64 })

const NamespaceView = Type.Object(
  {
    name: Type.String(),
    organization: Type.String({ description: 'Name of its owner' }),
    visibility: VisibilityText,
    created_at: Type.String({ format: 'date-time' }),
    created_by: Type.String(),
  },
  { $id: 'Namespace' },
)

const CreateBody = Type.Object(
  { name: Name, organization: Type.Optional(Name), visibility: Type.Optional(VisibilityText) },
  { additionalProperties: false, examples: [{ name: 'acme', organization: 'default', visibility: 'private' }] },
)
const ChangeBody = Type.Object(
  { organization: Type.Optional(Name), visibility: Type.Optional(VisibilityText) },
  { additionalProperties: false, examples: [{ visibility: 'public' }], minProperties: 1 },
)
const Params = Type.Object({ name: Name })
const ListQuery = Type.Object({ ...PageQuery.properties, organization: Type.Optional(Name) })

const BASE = '/api/v1/namespaces'
const TAGS = ['namespaces']
const change = { requires: 'admin', within: 'organization' } as const

/** A namespace is listed for whoever may read either noun in it. */
function listReaderOf(actor: Actor): NamespaceReader {
  const [modules, providers] = [organizationsWhere(actor, 'modules:read'), organizationsWhere(actor, 'providers:read')]
  return modules === 'all' || providers === 'all' ? 'all' : [...new Set([...modules, ...providers])]
}

/** Who owns which namespace, and who may read it. */
export const namespaceRoutes =
  (deps: Pick<Deps, 'database' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = deps.database
    const listSchema = { tags: TAGS, summary: 'List namespaces', querystring: ListQuery, response: { 200: Paged(NamespaceView) } }
    app.get(BASE, { config: { requires: 'anyone' }, schema: listSchema }, async ({ actor, query }) => {
      const filter = { reader: listReaderOf(actor), organization: query.organization }
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listNamespaces(db, filter, page), countNamespaces(db, filter)])
      return { items: rows.map(presentNamespace), total, ...page }
    })

    const createSchema = { tags: TAGS, summary: 'Claim a namespace', body: CreateBody, response: { 201: Type.Null() } }
    app.post(BASE, { config: { ...change, action: 'namespace.create' }, schema: createSchema }, async (request, reply) => {
      const { name, organization, visibility = 'public' } = request.body
      await createNamespace(deps, { name, organization, visibility, by: originOf(request) })
      return reply.code(201).send(null)
    })

    const changeSchema = {
      tags: TAGS,
      summary: 'Change who reads or owns a namespace',
      params: Params,
      body: ChangeBody,
      response: { 204: Type.Null() },
    }
    app.patch(`${BASE}/:name`, { config: { ...change, action: 'namespace.change' }, schema: changeSchema }, async (request, reply) => {
      await changeNamespace(deps, request.params.name, { ...request.body, by: originOf(request) })
      return reply.code(204).send(null)
    })

    const deleteSchema = { tags: TAGS, summary: 'Delete an empty namespace for ever', params: Params, response: { 204: Type.Null() } }
    app.delete(`${BASE}/:name`, { config: { ...change, action: 'namespace.delete' }, schema: deleteSchema }, async (request, reply) => {
      await deleteNamespace(deps, request.params.name, originOf(request))
      return reply.code(204).send(null)
    })
  }

type ListedNamespace = Awaited<ReturnType<typeof listNamespaces>>[number]

function presentNamespace({ name, organization, visibility, createdAt, createdBy }: ListedNamespace) {
  return {
    name,
    organization,
    visibility: visibility === 'private' ? ('private' as const) : ('public' as const),
    created_at: new Date(createdAt).toISOString(),
    created_by: createdBy,
  }
}
