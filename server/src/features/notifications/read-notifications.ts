import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor, Origin } from '../../base/http/edge-types.ts'
import { hasScope, mayIn, organizationsWhere, type Scope } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { findNotification, markAllRead, markRead, type NotificationReader, type NotificationRow } from './notification-queries.ts'

type ReadDeps = Pick<Deps, 'database' | 'clock'>

/**
 * Marks one as read, for everybody who sees it; one that was read stays as it is.
 * @throws {RegistryError} NOTIFICATION_NOT_FOUND also for one that the caller may not see, SCOPE_MISSING.
 */
export async function readNotification({ database: { db }, clock }: ReadDeps, id: string, by: Origin): Promise<NotificationRow> {
  return db.transaction().execute(async (tx) => {
    const row = requireMarkable(id, await findNotification(tx, id), by.actor)
    const at = clock.now()
    if (!(await markRead(tx, id, { at, by: by.actor.name }))) return row
    const { kind, subject } = row
    await recordAudit(tx, { at, origin: by, action: 'notification.read', object: id, details: { kind, subject } })
    return { ...row, readAt: at, readBy: by.actor.name }
  })
}

/** Marks all that the caller may mark; answers how many. */
export async function readAllNotifications({ database: { db }, clock }: ReadDeps, by: Origin): Promise<number> {
  const at = clock.now()
  return db.transaction().execute(async (tx) => {
    const count = await markAllRead(tx, markableBy(by.actor), { at, by: by.actor.name })
    if (count > 0) await recordAudit(tx, { at, origin: by, action: 'notification.read', object: 'all', details: { count } })
    return count
  })
}

/** A key for certain namespaces marks nothing: what is mirrored is in no namespace of its own. */
function markableBy(actor: Actor): NotificationReader {
  return actor.namespaces === undefined ? organizationsWhere(actor, 'mirrors:manage') : []
}

function requireMarkable(id: string, row: NotificationRow | undefined, actor: Actor): NotificationRow {
  if (row === undefined || !mayHere(actor, 'mirrors:read', row)) {
    throw new RegistryError('NOTIFICATION_NOT_FOUND', `Cannot mark notification "${id}" as read: there is no such notification`, {
      hint: 'GET /api/v1/admin/notifications lists those that you may see',
    })
  }
  if (actor.namespaces === undefined && mayHere(actor, 'mirrors:manage', row)) return row
  throw new RegistryError('SCOPE_MISSING', `Cannot mark notification "${id}" as read: "${actor.name}" lacks "mirrors:manage"`, {
    hint: 'Ask an administrator',
    detail: { scope: 'mirrors:manage' },
  })
}

function mayHere(actor: Actor, scope: Scope, { organizationId }: NotificationRow): boolean {
  return organizationId === null ? hasScope(actor.scopes, scope) : mayIn(actor, scope, organizationId)
}
