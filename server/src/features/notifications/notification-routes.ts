import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { organizationsWhere } from '../access/index.ts'
import { NOTIFICATION_KINDS } from './notification-kinds.ts'
import { countNotifications, listNotifications, type NotificationRow } from './notification-queries.ts'
import { readAllNotifications, readNotification } from './read-notifications.ts'

const Time = Type.String({ format: 'date-time' })
const OrNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const NotificationView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({ description: `One of: ${Object.keys(NOTIFICATION_KINDS).join(', ')}.` }),
    subject: Type.String({ description: 'What it is about' }),
    message: Type.String({ description: 'What happened' }),
    hint: Type.String({ description: 'What to do next' }),
    organization: OrNull(Type.String({ description: 'Whose it is; null: of the whole registry' })),
    created_at: Time,
    read_at: OrNull(Time),
    read_by: OrNull(Type.String()),
  },
  {
    $id: 'Notification',
    examples: [
      {
        id: '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f',
        kind: 'package_quarantined',
        subject: 'registry.terraform.io/hashicorp/null 3.2.4 linux_amd64',
        message: 'Cannot verify "terraform-provider-null_3.2.4_linux_amd64.zip": sha256 mismatch',
        hint: 'Look at the evidence, then decide: terrace quarantine list',
        organization: null,
        created_at: '2026-01-02T03:04:05.000Z',
        read_at: null,
        read_by: null,
      },
    ],
  },
)
const ListQuery = Type.Object({
  ...PageQuery.properties,
  unread: Type.Optional(Type.Boolean({ description: 'true: only unread ones; false: only read ones' })),
  kind: Type.Optional(Type.String({ maxLength: 50 })),
})
const Params = Type.Object({ id: Type.String() })

const BASE = '/api/v1/admin/notifications'
const TAGS = ['notifications']
const seeing = { requires: 'mirrors:read', within: 'organization' } as const
const marking = { requires: 'mirrors:manage', within: 'organization', action: 'notification.read' } as const

/** What administrators should know. Source: ux.md, notifications; requirements.md MIR-14. */
export const notificationRoutes =
  (deps: Pick<Deps, 'database' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = deps.database
    const listSchema = {
      tags: TAGS,
      summary: 'List notifications, newest first',
      description:
        'Those of the whole registry are for whoever may see all mirrors, the others for whoever may see those of the organisation.',
      querystring: ListQuery,
      response: { 200: Paged(NotificationView) },
    }
    app.get(BASE, { config: seeing, schema: listSchema }, async ({ actor, query }) => {
      const page = pageOf(query)
      const filter = { reader: organizationsWhere(actor, 'mirrors:read'), unread: query.unread, kind: query.kind }
      const [rows, total] = await Promise.all([listNotifications(db, filter, page), countNotifications(db, filter)])
      return { items: rows.map(presentNotification), total, ...page }
    })

    const readSchema = {
      tags: TAGS,
      summary: 'Mark a notification as read',
      description: 'For everybody who sees it. When its cause happens again, there is a new one.',
      params: Params,
      response: { 200: NotificationView },
    }
    app.post(`${BASE}/:id/read`, { config: marking, schema: readSchema }, async (request) =>
      presentNotification(await readNotification(deps, request.params.id, originOf(request))),
    )

    const readAllSchema = {
      tags: TAGS,
      summary: 'Mark all notifications as read',
      description: 'Those that the caller may mark, for everybody who sees them.',
      response: { 200: Type.Object({ read: Type.Integer({ description: 'How many were unread' }) }, { examples: [{ read: 3 }] }) },
    }
    app.post(`${BASE}/read`, { config: marking, schema: readAllSchema }, async (request) => ({
      read: await readAllNotifications(deps, originOf(request)),
    }))
  }

function presentNotification({ organizationId: _id, createdAt, readAt, readBy, ...row }: NotificationRow) {
  return {
    ...row,
    created_at: new Date(createdAt).toISOString(),
    read_at: readAt === null ? null : new Date(readAt).toISOString(),
    read_by: readBy,
  }
}
