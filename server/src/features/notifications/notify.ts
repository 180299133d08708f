import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import { newId } from '../../base/ids.ts'
import { redactText } from '../../base/redact.ts'
import type { NotificationKind } from './notification-kinds.ts'
import { insertNotification } from './notification-queries.ts'

/** Something that administrators should know. Nothing of it may be secret: it is shown, and sent by mail. */
export interface Notice {
  readonly at: UnixMs
  readonly kind: NotificationKind
  /** What it is about, as people write it: `registry.terraform.io/hashicorp/null 3.1.0 linux_amd64`. */
  readonly subject: string
  /** What happened: one sentence without a full stop. */
  readonly message: string
  /** What to do next, best with a command. */
  readonly hint: string
  /** The cause, within its kind: while a notification of it is unread, there is no second one. */
  readonly dedupeKey: string
  /** Id of the organisation whose people see it; without one, those who may see mirrors of the whole registry. */
  readonly organizationId?: string | null | undefined
}

/**
 * Tells administrators, unless they have not read the last notification of the same cause. Pass the transaction of the cause: either
 * both are there or neither is. It comes before `recordAudit`. Mail is sent later, by a job.
 */
export async function notify(tx: Db, { at, kind, dedupeKey, organizationId = null, subject, message, hint }: Notice): Promise<void> {
  await insertNotification(tx, {
    id: newId(),
    kind,
    subject: redactText(subject),
    message: redactText(message),
    hint,
    dedupeKey: `${kind} ${dedupeKey}`,
    organizationId,
    createdAt: at,
    readAt: null,
    readBy: null,
    mailedAt: null,
  })
}
