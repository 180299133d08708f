import type { Insertable, Selectable } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { NotificationsTable } from '../../base/database/tables/notification-tables.ts'

/** A notification with the name of its organisation, if it has one. */
export type NotificationRow = Omit<Selectable<NotificationsTable>, 'dedupeKey' | 'mailedAt'> & { readonly organization: string | null }

/** Whose notifications somebody sees: everybody's, or those of the organisations with these ids. */
export type NotificationReader = 'all' | readonly string[]

/** Which notifications. */
export interface NotificationFilter {
  readonly reader: NotificationReader
  readonly unread?: boolean | undefined
  readonly kind?: string | undefined
}

/** Adds it, unless one of the same cause is unread. */
export async function insertNotification(db: Db, row: Insertable<NotificationsTable>): Promise<void> {
  await db
    .insertInto('notifications')
    .values(row)
    .onConflict((oc) => oc.column('dedupeKey').where('readAt', 'is', null).doNothing())
    .execute()
}

function matching(db: Db, { reader, unread, kind }: NotificationFilter) {
  const query = db
    .selectFrom('notifications as n')
    .leftJoin('organizations as o', 'o.id', 'n.organizationId')
    // An empty list is no list to PostgreSQL; nobody has this id.
    .$if(reader !== 'all', (all) => all.where('n.organizationId', 'in', reader.length === 0 ? [''] : (reader as readonly string[])))
    .$if(unread === true, (all) => all.where('n.readAt', 'is', null))
    .$if(unread === false, (all) => all.where('n.readAt', 'is not', null))
  return kind === undefined ? query : query.where('n.kind', '=', kind)
}

function selectShown(query: ReturnType<typeof matching>) {
  return query
    .select(['n.id', 'n.kind', 'n.subject', 'n.message', 'n.hint', 'n.organizationId', 'n.createdAt', 'n.readAt', 'n.readBy'])
    .select('o.name as organization')
}

/** Notifications, newest first. */
export function listNotifications(
  db: Db,
  filter: NotificationFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<NotificationRow[]> {
  return selectShown(matching(db, filter))
    .orderBy('n.createdAt', 'desc')
    .orderBy('n.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many there are. */
export async function countNotifications(db: Db, filter: NotificationFilter): Promise<number> {
  const { count } = await matching(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The notification with this id. */
export function findNotification(db: Db, id: string): Promise<NotificationRow | undefined> {
  return selectShown(matching(db, { reader: 'all' }))
    .where('n.id', '=', id)
    .executeTakeFirst()
}

/** Marks one as read; `false` when it was. */
export async function markRead(db: Db, id: string, { at, by }: { readonly at: UnixMs; readonly by: string }): Promise<boolean> {
  const result = await db
    .updateTable('notifications')
    .set({ readAt: at, readBy: by })
    .where('id', '=', id)
    .where('readAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Marks all unread ones that somebody sees; answers how many. */
export async function markAllRead(
  db: Db,
  reader: NotificationReader,
  { at, by }: { readonly at: UnixMs; readonly by: string },
): Promise<number> {
  const unread = db.updateTable('notifications').set({ readAt: at, readBy: by }).where('readAt', 'is', null)
  const theirs = reader === 'all' ? unread : unread.where('organizationId', 'in', reader.length === 0 ? [''] : reader)
  return Number((await theirs.executeTakeFirst()).numUpdatedRows)
}

/** Those without a letter that are not older than a time, oldest first. */
export function listUnmailed(db: Db, { since, limit }: { readonly since: UnixMs; readonly limit: number }): Promise<NotificationRow[]> {
  return selectShown(matching(db, { reader: 'all' }))
    .where('n.mailedAt', 'is', null)
    .where('n.createdAt', '>=', since)
    .orderBy('n.createdAt')
    .orderBy('n.id')
    .limit(limit)
    .execute()
}

/** Notes that its letter is written; `false` when it was. */
export async function markMailed(db: Db, id: string, at: UnixMs): Promise<boolean> {
  const result = await db
    .updateTable('notifications')
    .set({ mailedAt: at })
    .where('id', '=', id)
    .where('mailedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
