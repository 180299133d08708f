import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { organizationsWhere } from '../access/index.ts'
import { changeMirror, createMirror, deleteMirror } from './change-mirrors.ts'
import { requireMirror } from './find-mirror.ts'
import type { MirrorConfigurationDeps } from './mirror-deps.ts'
import { countMirrors, listMirrors } from './mirror-queries.ts'
import { ChangeBody, CreateBody, MirrorParams, MirrorView } from './mirror-schemas.ts'
import { presentMirror, readSettings } from './present-mirror.ts'

const BASE = '/api/v1/admin/mirrors'
const read = { requires: 'mirrors:read', within: 'organization' } as const
const manage = { requires: 'mirrors:manage', within: 'organization' } as const

const DEFAULTS = {
  hostname: '',
  namespaces: [],
  providers: [],
  versions: [],
  platforms: [],
  keepNewest: null,
  coolDownDays: 0,
  prereleases: false,
  intervalHours: 24,
} as const

/** Mirrors that look after themselves. Source: requirements.md MIR-06. */
export const changeMirrorRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = deps.database
    const listSchema = { summary: 'List mirrors', querystring: PageQuery, response: { 200: Paged(MirrorView) } }
    app.get(BASE, { config: read, schema: listSchema }, async ({ actor, query }) => {
      const page = pageOf(query)
      const reader = organizationsWhere(actor, 'mirrors:read')
      const [rows, total] = await Promise.all([listMirrors(db, reader, page), countMirrors(db, reader)])
      return { items: rows.map(presentMirror), total, ...page }
    })

    const createSchema = {
      summary: 'Create a mirror',
      description: 'Unless `enabled` is false, the schedule runs it at its next look.',
      body: CreateBody,
      response: { 201: MirrorView },
    }
    app.post(BASE, { config: { ...manage, action: 'mirror.create' }, schema: createSchema }, async (request, reply) => {
      const { name, organization = 'default', enabled = true, ...body } = request.body
      const wish = { ...DEFAULTS, ...readSettings(body), name, organization, enabled }
      const idOrName = await createMirror(deps, { by: originOf(request), wish })
      const row = await requireMirror(db, { idOrName, actor: request.actor, scope: 'mirrors:read', intent: 'show' })
      return reply.code(201).header('location', `${BASE}/${row.id}`).send(presentMirror(row))
    })

    const showSchema = { summary: 'Show a mirror', params: MirrorParams, response: { 200: MirrorView } }
    app.get(`${BASE}/:id`, { config: read, schema: showSchema }, async ({ actor, params }) =>
      presentMirror(await requireMirror(db, { idOrName: params.id, actor, scope: 'mirrors:read', intent: 'show' })),
    )

    const changeSchema = { summary: 'Change a mirror', params: MirrorParams, body: ChangeBody, response: { 200: MirrorView } }
    app.patch(`${BASE}/:id`, { config: { ...manage, action: 'mirror.change' }, schema: changeSchema }, async (request) => {
      const { enabled, ...body } = request.body
      const change = { ...readSettings(body), ...(enabled !== undefined && { enabled }) }
      const idOrName = request.params.id
      await changeMirror(deps, idOrName, { by: originOf(request), change })
      return presentMirror(await requireMirror(db, { idOrName, actor: request.actor, scope: 'mirrors:read', intent: 'show' }))
    })

    const deleteSchema = {
      summary: 'Delete a mirror',
      description: 'With its history; a run is cancelled. What it has brought stays.',
      params: MirrorParams,
      response: { 204: Type.Null() },
    }
    app.delete(`${BASE}/:id`, { config: { ...manage, action: 'mirror.delete' }, schema: deleteSchema }, async (request, reply) => {
      await deleteMirror(deps, request.params.id, originOf(request))
      return reply.code(204).send(null)
    })
  }
