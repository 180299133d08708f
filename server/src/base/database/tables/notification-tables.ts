import type { UnixMs } from '../../clock.ts'

/** Something that administrators should know; one unread row per cause. */
export interface NotificationsTable {
  id: string
  /** One of the kinds that the notifications feature lists. */
  kind: string
  /** What it is about, as people write it: `registry.terraform.io/hashicorp/null 3.1.0 linux_amd64`. */
  subject: string
  message: string
  /** What to do next. */
  hint: string
  /** The cause; of rows with the same one at most one is unread. */
  dedupeKey: string
  /** Whose it is; null: of the whole registry. */
  organizationId: string | null
  createdAt: UnixMs
  /** For everybody who may see it. */
  readAt: UnixMs | null
  readBy: string | null
  /** When its letter was written; null: not yet, or there is nobody to write to. */
  mailedAt: UnixMs | null
}

/** Letters that are to be sent, and those that were. */
export interface MailsTable {
  /** Unique part of the Message-ID, the same at each try. */
  id: string
  /** JSON array of addresses. */
  recipients: string
  subject: string
  body: string
  createdAt: UnixMs
  /** Nobody takes it before this time, by the database's clock: the pause after a failure, or the end of a lease. Null: it is over. */
  dueAt: UnixMs | null
  attempts: number
  /** Fencing token of the process that sends it. */
  leaseToken: string | null
  /** When the mail server had taken it; null: not yet, or given up. */
  sentAt: UnixMs | null
  /** Why the last try failed. */
  lastError: string | null
}
