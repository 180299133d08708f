import { setImmediate } from 'node:timers/promises'
import type { Db } from '../../base/database/open-database.ts'
import { type AuditFilter, type AuditRow, listRowsBeforeChain, listRowsInChain } from './audit-queries.ts'
import { presentAuditEntry } from './present-audit.ts'

const ROWS_PER_PAGE = 200

async function* pagesOf(db: Db, filter: AuditFilter): AsyncGenerator<readonly AuditRow[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const rows: readonly AuditRow[] = await listRowsBeforeChain(db, filter, { after, limit: ROWS_PER_PAGE })
    yield rows
    after = rows.length < ROWS_PER_PAGE ? undefined : rows.at(-1)?.id
  }
  for (let after: number | null | undefined = 0; typeof after === 'number'; ) {
    const rows: readonly AuditRow[] = await listRowsInChain(db, filter, { after, limit: ROWS_PER_PAGE })
    yield rows
    after = rows.length < ROWS_PER_PAGE ? undefined : rows.at(-1)?.sequence
  }
}

/** Matching records as NDJSON, oldest first, read and given out page by page. */
export async function* exportAudit(db: Db, filter: AuditFilter): AsyncGenerator<string> {
  for await (const rows of pagesOf(db, filter)) {
    if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(presentAuditEntry(row))}\n`).join('')
    // SQLite answers within the turn; requests that wait get theirs.
    await setImmediate()
  }
}
