import type { UnixMs } from '../../base/clock.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { redactFields, redactText } from '../../base/redact.ts'
import { appendToChain, type NewAuditRow } from './chain/append-to-chain.ts'

/** What happened to an attempt. Source: requirements.md C49. */
export type AuditOutcome = 'allowed' | 'denied' | 'error'

/** Something worth remembering. */
export interface AuditEntry {
  readonly at: UnixMs
  readonly origin: Origin
  /** Dotted: `provider_version.publish`. */
  readonly action: string
  /** What it was done to, in the form people write it: `registry.terraform.io/hashicorp/null 3.1.0`. */
  readonly object: string
  /** Default `allowed`. */
  readonly outcome?: AuditOutcome
  /** Facts for the reader; fields with a secret's name are redacted, and so is what has a secret's form. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * Appends a record. Pass the transaction of the change itself: either both are there or neither is. Comes last in it, together
 * with `bumpCatalogRevision`, because other changes wait from here to the commit.
 * Actor id and name are copied, so that the record outlives the user.
 */
export async function recordAudit(db: Db, entry: AuditEntry): Promise<void> {
  await appendToChain(db, [rowOf(entry)])
}

/** Appends several records at the cost of one. */
export async function recordAuditBatch(db: Db, [first, ...rest]: readonly AuditEntry[]): Promise<void> {
  if (first !== undefined) await appendToChain(db, [rowOf(first), ...rest.map(rowOf)])
}

function rowOf(entry: AuditEntry): NewAuditRow {
  const { actor, ip, requestId } = entry.origin
  return {
    id: newId(),
    at: entry.at,
    actorId: actor.id,
    actorName: actor.name,
    action: entry.action,
    object: redactText(entry.object),
    outcome: entry.outcome ?? 'allowed',
    ip,
    requestId,
    details: redactText(encodeJson(redactFields({ ...entry.details }))),
  }
}
