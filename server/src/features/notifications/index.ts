/**
 * Notifications: what administrators should know without having to look for it, in a list and by mail.
 *
 * Invariants:
 * - A notification is written by `notify` in the transaction of its cause: no cause without its notification, and the other way round.
 * - One per cause while it is unread; what happens again after it was read is news.
 * - Reading one marks it for everybody who sees it, because it ends the silence about its cause; so it is audited.
 * - One letter for each, to `notifications.recipients`, through the outbox (`base/mail`).
 * - Those of an organisation are for whoever may see mirrors there, the others for whoever may see all of them.
 *
 * State: `notifications`, `mails`.
 */
export { mailNotifications } from './mail-notifications.ts'
export { NOTIFICATION_KINDS, type NotificationKind } from './notification-kinds.ts'
export { notificationRoutes } from './notification-routes.ts'
export { type Notice, notify } from './notify.ts'
