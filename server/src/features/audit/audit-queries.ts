import { type Expression, type ExpressionBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { AuditLogsTable, Schema } from '../../base/database/schema.ts'

/** One record as it is stored. */
export type AuditRow = Selectable<AuditLogsTable>

/** Everything of a record. */
export const AUDIT_COLUMNS = [
  'sequence',
  'previousHash',
  'hash',
  'id',
  'at',
  'actorId',
  'actorName',
  'action',
  'object',
  'outcome',
  'ip',
  'requestId',
  'details',
] as const

/** Which records to list; absent parts do not restrict. */
export interface AuditFilter {
  /** What the action begins with: `api_key.` is every one of API keys. */
  readonly action?: string | undefined
  /** Name or id. */
  readonly actor?: string | undefined
  /** Part of the object, in any case of ASCII letters. */
  readonly object?: string | undefined
  readonly outcome?: string | undefined
  readonly requestId?: string | undefined
  /** Inclusive. */
  readonly from?: UnixMs | undefined
  /** Exclusive. */
  readonly to?: UnixMs | undefined
}

type Builder = ExpressionBuilder<Schema, 'auditLogs'>

const CONDITIONS: { readonly [Part in keyof AuditFilter]-?: (eb: Builder, value: never) => Expression<SqlBool> } = {
  // A range, which an index can answer; no text has a character above the highest one.
  action: (eb, prefix: string) => eb.and([eb('action', '>=', prefix), eb('action', '<', `${prefix}\u{10ffff}`)]),
  actor: (eb, name: string) => eb.or([eb('actorName', '=', name), eb('actorId', '=', name)]),
  object: (eb, part: string) => {
    const pattern = `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    return sql<SqlBool>`lower(${eb.ref('object')}) like lower(${pattern}) escape '\\'`
  },
  outcome: (eb, outcome: string) => eb('outcome', '=', outcome),
  requestId: (eb, id: string) => eb('requestId', '=', id),
  from: (eb, at: UnixMs) => eb('at', '>=', at),
  to: (eb, at: UnixMs) => eb('at', '<', at),
}

function matches(filter: AuditFilter) {
  return (eb: Builder) => {
    const parts = Object.entries(filter).filter(([, value]) => value !== undefined)
    return eb.and(parts.map(([part, value]) => CONDITIONS[part as keyof AuditFilter](eb, value as never)))
  }
}

/** Records that match, newest first. */
export function listAuditRows(db: Db, filter: AuditFilter, page: { limit: number; offset: number }): Promise<AuditRow[]> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where(matches(filter))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Number of records that match. */
export async function countAuditRows(db: Db, filter: AuditFilter): Promise<number> {
  const { count } = await db
    .selectFrom('auditLogs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(matches(filter))
    .executeTakeFirstOrThrow()
  return count
}

/** Matching records behind a place in the chain, in its order. */
export function listRowsInChain(db: Db, filter: AuditFilter, { after, limit }: { after: number; limit: number }): Promise<AuditRow[]> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where('sequence', '>', after)
    .where(matches(filter))
    .orderBy('sequence')
    .limit(limit)
    .execute()
}

/** Matching records from before there was a chain, behind an id, in the order of ids. */
export function listRowsBeforeChain(db: Db, filter: AuditFilter, { after, limit }: { after: string; limit: number }): Promise<AuditRow[]> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where('sequence', 'is', null)
    .where('id', '>', after)
    .where(matches(filter))
    .orderBy('id')
    .limit(limit)
    .execute()
}
