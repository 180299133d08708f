/**
 * The audit: who did what, to what, from where, and with what outcome.
 *
 * A change records itself with `recordAudit` in its own transaction, so that no change is without its record and no record without
 * its change, whenever the process dies. Requests that the chain denies, and changes that fail, are recorded by the recorder that
 * `createAttemptRecorder` makes, outside any transaction and on a best effort; repeated ones are counted, not listed.
 *
 * Invariants:
 * - Append-only: this feature has no statement that changes or removes a record, and triggers refuse both (requirements.md C50).
 * - Chained: each record carries its number and an HMAC over itself and the record before it, under a key that the database does
 *   not have; `useAuditKey` sets it once per open database. `chain/` holds how rows are appended and verified.
 * - `recordAudit` comes last in its transaction, beside `bumpCatalogRevision`: both lock the same row, and a transaction that locked
 *   another one after it could wait for somebody who waits for it.
 * - Actor id and name are copied into the record; there is no foreign key, a record outlives its user.
 * - No secrets: fields of `details` with a secret's name are redacted, as are texts with a secret's form; paths are recorded
 *   without their query.
 *
 * Reading needs `audit:read`: `GET /api/v1/audit`, alias `/admin/api/audit`; `/export`, `/verify`.
 */
export { auditRoutes } from './audit-routes.ts'
export { useAuditKey } from './chain/audit-key.ts'
export { type AttemptRecorder, createAttemptRecorder } from './failed-attempts.ts'
export { type AuditEntry, type AuditOutcome, recordAudit } from './record-audit.ts'
