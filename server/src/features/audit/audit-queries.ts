import type { Expression, ExpressionBuilder, Insertable, Selectable, SqlBool } from 'kysely'
import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { AuditLogsTable, Schema } from '../../base/database/schema.ts'

/** One record as it is stored. */
export type AuditRow = Selectable<AuditLogsTable>

/** Which records to list; absent parts do not restrict. */
export interface AuditFilter {
  readonly action?: string | undefined
  readonly actorName?: string | undefined
  readonly object?: string | undefined
  readonly outcome?: string | undefined
  /** Inclusive. */
  readonly since?: UnixMs | undefined
  /** Exclusive. */
  readonly until?: UnixMs | undefined
}

const EXACT_COLUMNS = ['action', 'actorName', 'object', 'outcome'] as const

/** Appends a record. There is no function that changes or removes one. */
export async function insertAuditRow(db: Db, row: Insertable<AuditLogsTable>): Promise<void> {
  await db.insertInto('auditLogs').values(row).execute()
}

function matches(filter: AuditFilter) {
  const { since, until, ...exact } = filter
  return (eb: ExpressionBuilder<Schema, 'auditLogs'>) => {
    const conditions: Expression<SqlBool>[] = []
    for (const column of EXACT_COLUMNS) {
      const value = exact[column]
      if (value !== undefined) conditions.push(eb(column, '=', value))
    }
    if (since !== undefined) conditions.push(eb('at', '>=', since))
    if (until !== undefined) conditions.push(eb('at', '<', until))
    return eb.and(conditions)
  }
}

/** Records that match, newest first. */
export function listAuditRows(db: Db, filter: AuditFilter, page: { limit: number; offset: number }): Promise<AuditRow[]> {
  return db
    .selectFrom('auditLogs')
    .select(['id', 'at', 'actorId', 'actorName', 'action', 'object', 'outcome', 'ip', 'requestId', 'details'])
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
