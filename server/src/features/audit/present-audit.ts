import { type Static, Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { AuditRow } from './audit-queries.ts'

/** One record as the API shows it. */
export const AuditEntryView = Type.Object({
  id: Type.String(),
  at: Type.String({ description: 'ISO 8601, UTC.' }),
  actor: Type.Object({ id: Type.Union([Type.String(), Type.Null()]), name: Type.String() }),
  action: Type.String(),
  object: Type.String(),
  outcome: Type.String({ description: '`allowed`, `denied` or `error`.' }),
  ip: Type.Union([Type.String(), Type.Null()]),
  request_id: Type.Union([Type.String(), Type.Null()]),
  details: Type.Record(Type.String(), Type.Unknown()),
})
export type AuditEntryView = Static<typeof AuditEntryView>

/** Row → view. */
export function presentAuditEntry(row: AuditRow): AuditEntryView {
  return {
    id: row.id,
    at: new Date(row.at).toISOString(),
    actor: { id: row.actorId, name: row.actorName },
    action: row.action,
    object: row.object,
    outcome: row.outcome,
    ip: row.ip,
    request_id: row.requestId,
    details: decodeJson<Record<string, unknown>>(row.details),
  }
}
