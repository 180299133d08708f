import { type Static, Type } from 'typebox'
import type { ApprovalDecisionRow, ApprovalRequestRow } from './approval-queries.ts'

const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

/** A request with who decided what about it. */
export const ApprovalView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({ description: 'approval, or cool_down: its end before time' }),
    address: Type.String({ description: '`HOST/NAMESPACE/TYPE`' }),
    version: Nullable('Null: every version.'),
    state: Type.String({ description: 'pending, approved or rejected' }),
    reason: Type.String(),
    requested_by: Type.String(),
    created_at: Type.String({ format: 'date-time' }),
    needed: Type.Integer({ description: 'People who must approve.' }),
    approvals: Type.Integer({ description: 'People who have.' }),
    decided_at: Nullable('ISO 8601, UTC.'),
    decisions: Type.Array(
      Type.Object({
        decision: Type.String({ description: 'approve or reject' }),
        by: Type.String(),
        reason: Type.String(),
        at: Type.String({ format: 'date-time' }),
      }),
    ),
  },
  { $id: 'MirrorApproval' },
)

/** Rows → view. */
export function presentApproval(row: ApprovalRequestRow, decisions: readonly ApprovalDecisionRow[]): Static<typeof ApprovalView> {
  const { id, kind, hostname, namespace, type, version, state, reason, requestedBy, createdAt, needed, approvals, decidedAt } = row
  return {
    id,
    kind,
    address: `${hostname}/${namespace}/${type}`,
    version,
    state,
    reason,
    requested_by: requestedBy,
    created_at: new Date(createdAt).toISOString(),
    needed,
    approvals,
    decided_at: decidedAt === null ? null : new Date(decidedAt).toISOString(),
    decisions: decisions
      .filter(({ requestId }) => requestId === id)
      .map((decision) => ({
        decision: decision.decision,
        by: decision.actorName,
        reason: decision.reason,
        at: new Date(decision.createdAt).toISOString(),
      })),
  }
}
