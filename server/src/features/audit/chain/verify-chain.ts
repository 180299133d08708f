import type { KeyObject } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { AuditRow } from '../audit-queries.ts'
import { authenticEnd, CHAIN_BROKEN, CHAIN_STARTED, pointOf } from './append-to-chain.ts'
import { auditKeyOf } from './audit-key.ts'
import { type ChainHead, countUnchainedRows, findRowBehindHead, listChainRows, readChainHead } from './chain-queries.ts'
import { type ChainProblem, explainBadRow } from './explain-bad-row.ts'
import { CHAIN_START, type ChainPoint, rowHash } from './row-hash.ts'

const ROWS_PER_PAGE = 200

/** What a check of the whole chain has found. */
export interface ChainVerdict {
  /** Rows that were looked at. */
  readonly checked: number
  /** `undefined`: the chain is whole. */
  readonly problem: ChainProblem | undefined
}

interface Walk {
  checked: number
  last: ChainPoint
  /** Rows without a place that the first row of the chain vouches for. */
  unchained: number
}

/**
 * Reads the chain from its first row to its head, page by page, and stops at the first thing that is not as it was written. The
 * chain may grow meanwhile; what is added after the start is not looked at.
 */
export async function verifyChain(db: Db): Promise<ChainVerdict> {
  const key = auditKeyOf(db)
  const head = await readChainHead(db)
  const walk: Walk = { checked: 0, last: CHAIN_START, unchained: 0 }
  const problem =
    (await walkRows(db, key, { walk, upTo: head.sequence })) ??
    judgeEnd(key, head, walk.last) ??
    (await findStranger(db)) ??
    (head.sequence === 0 ? undefined : await judgeUnchained(db, walk.unchained))
  return { checked: walk.checked, problem }
}

async function walkRows(db: Db, key: KeyObject, { walk, upTo }: { walk: Walk; upTo: number }): Promise<ChainProblem | undefined> {
  for await (const row of chainRows(db, upTo)) {
    walk.checked += 1
    if (!follows(key, row, walk.last)) return explainBadRow(db, key, { row, last: walk.last })
    if (row.action === CHAIN_BROKEN) return brokenAt(row)
    if (row.action === CHAIN_STARTED && row.sequence === 1) walk.unchained = unchainedOf(row)
    walk.last = pointOf(row)
  }
  return undefined
}

async function* chainRows(db: Db, upTo: number): AsyncGenerator<AuditRow> {
  for (let after = { sequence: 0, id: '' }; ; ) {
    const rows = await listChainRows(db, { after, last: upTo, limit: ROWS_PER_PAGE })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < ROWS_PER_PAGE) return
    after = { sequence: last.sequence ?? 0, id: last.id }
    // SQLite answers within the turn; requests that wait get theirs.
    await setImmediate()
  }
}

function follows(key: KeyObject, row: AuditRow, last: ChainPoint): boolean {
  return row.sequence === last.sequence + 1 && row.previousHash === last.hash && row.hash === rowHash(key, row)
}

function unchainedOf(row: AuditRow): number {
  return decodeJson<{ unchained_rows: number }>(row.details).unchained_rows
}

function brokenAt({ sequence, id, details }: AuditRow): ChainProblem {
  const found = decodeJson<{ head_sequence: number; last_sequence: number }>(details)
  const detail = `The server found another end of the chain than it had left: head ${found.head_sequence}, last row ${found.last_sequence}`
  return { sequence, id, kind: found.last_sequence > found.head_sequence ? 'inserted' : 'truncated', detail }
}

function judgeEnd(key: KeyObject, head: ChainHead, last: ChainPoint): ChainProblem | undefined {
  const missing = { sequence: last.sequence + 1, id: null, kind: 'truncated' } as const
  if (last.sequence < head.sequence) {
    const rows = last.sequence + 1 === head.sequence ? `Row ${head.sequence}` : `Rows ${last.sequence + 1} to ${head.sequence}`
    return { ...missing, detail: `${rows} at the end of the chain are missing` }
  }
  if (authenticEnd(key, head)?.hash === last.hash) return undefined
  return { ...missing, detail: `The end of the chain, recorded as ${head.sequence}, was not recorded by this server` }
}

async function findStranger(db: Db): Promise<ChainProblem | undefined> {
  const row = await findRowBehindHead(db)
  return row && { sequence: row.sequence, id: row.id, kind: 'inserted', detail: 'The row stands behind the end of the chain' }
}

async function judgeUnchained(db: Db, expected: number): Promise<ChainProblem | undefined> {
  const found = await countUnchainedRows(db)
  if (found === expected) return undefined
  const kind = found > expected ? 'inserted' : 'removed'
  return { sequence: null, id: null, kind, detail: `${found} rows have no place in the chain; when it began there were ${expected}` }
}
