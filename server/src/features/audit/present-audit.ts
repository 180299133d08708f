import { type Static, Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { AuditRow } from './audit-queries.ts'
import type { ChainVerdict } from './chain/verify-chain.ts'

const Text = Type.Union([Type.String(), Type.Null()])

const EXAMPLE = {
  sequence: 42,
  id: '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f',
  at: '2026-03-01T12:30:45.678Z',
  actor: { id: '01927f3e-1111-7c43-9d6e-2b1a0c4d5e6f', name: 'mia' },
  action: 'api_key.create',
  object: 'deploy',
  outcome: 'allowed',
  ip: '192.0.2.7',
  request_id: 'f09812d1-bcdf-4322-bd6b-e5c53ba62e07',
  details: { prefix: 'tfr_abcdef', scopes: ['providers:write'] },
  previous_hash: 'a7'.repeat(32),
  hash: '5c'.repeat(32),
}

/** One record as the API shows it. */
export const AuditEntryView = Type.Object(
  {
    sequence: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Place in the chain, from 1 without gaps; null for records from before there was one.',
    }),
    id: Type.String(),
    at: Type.String({ description: 'ISO 8601, UTC.' }),
    actor: Type.Object({ id: Text, name: Type.String() }),
    action: Type.String(),
    object: Type.String(),
    outcome: Type.String({ description: '`allowed`, `denied` or `error`.' }),
    ip: Text,
    request_id: Text,
    details: Type.Record(Type.String(), Type.Unknown()),
    previous_hash: Type.Union([Type.String(), Type.Null()], { description: 'Hash of the record before; empty for the first.' }),
    hash: Type.Union([Type.String(), Type.Null()], { description: 'HMAC-SHA-256 over this record and the hash of the one before.' }),
  },
  { examples: [EXAMPLE] },
)
export type AuditEntryView = Static<typeof AuditEntryView>

/** Row → view. */
export function presentAuditEntry(row: AuditRow): AuditEntryView {
  return {
    sequence: row.sequence,
    id: row.id,
    at: new Date(row.at).toISOString(),
    actor: { id: row.actorId, name: row.actorName },
    action: row.action,
    object: row.object,
    outcome: row.outcome,
    ip: row.ip,
    request_id: row.requestId,
    details: decodeJson<Record<string, unknown>>(row.details),
    previous_hash: row.previousHash,
    hash: row.hash,
  }
}

/** What a check of the chain has found, as the API shows it. */
export const AuditVerdictView = Type.Object({
  checked: Type.Integer({ description: 'Records that were looked at; stops at the first problem.' }),
  ok: Type.Boolean(),
  first_problem: Type.Optional(
    Type.Object({
      sequence: Type.Union([Type.Integer(), Type.Null()], { description: 'Place in the chain; null for records without one.' }),
      id: Type.Union([Type.String(), Type.Null()], { description: 'Null when the record is missing.' }),
      kind: Type.String({ description: '`changed`, `removed`, `inserted`, `reordered` or `truncated`.' }),
      detail: Type.String(),
    }),
  ),
})

/** Verdict → view. */
export function presentVerdict({ checked, problem }: ChainVerdict): Static<typeof AuditVerdictView> {
  return problem === undefined ? { checked, ok: true } : { checked, ok: false, first_problem: { ...problem } }
}
