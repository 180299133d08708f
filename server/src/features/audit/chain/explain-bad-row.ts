import type { KeyObject } from 'node:crypto'
import type { Db } from '../../../base/database/open-database.ts'
import type { AuditRow } from '../audit-queries.ts'
import { hasRowWithHash, listChainRows } from './chain-queries.ts'
import { type ChainPoint, rowHash } from './row-hash.ts'

/** What somebody has done to the rows. */
export type ChainProblemKind = 'changed' | 'removed' | 'inserted' | 'reordered' | 'truncated'

/** The first place where the rows are not as they were written. */
export interface ChainProblem {
  /** Null for rows without a place in the chain. */
  readonly sequence: number | null
  /** Null when the row is missing. */
  readonly id: string | null
  readonly kind: ChainProblemKind
  readonly detail: string
}

/** How far a row is looked for from where it stands, in both directions. */
const MAX_SHIFT = 1000

interface BadRow {
  readonly row: AuditRow
  /** The good row before it. */
  readonly last: ChainPoint
}

/** Names what was done to a row that does not follow the one before it. */
export async function explainBadRow(db: Db, key: KeyObject, bad: BadRow): Promise<ChainProblem> {
  const { row, last } = bad
  const expected = last.sequence + 1
  const sequence = row.sequence ?? 0
  if (sequence > expected) return removed(expected, sequence - 1)
  const here = { sequence, id: row.id }
  if (sequence < expected) return { ...here, kind: 'inserted', detail: `A second row has the place ${sequence}` }
  const written = writtenAt(key, row)
  if (written === sequence) return { ...here, kind: 'changed', detail: 'The row before it is another one than when it was written' }
  if (written !== undefined) return explainMovedRow(db, { ...bad, written })
  const [next] = await listChainRows(db, { after: { sequence, id: row.id }, last: sequence + 1, limit: 1 })
  if (next?.previousHash === last.hash) return { ...here, kind: 'inserted', detail: 'The row was not written by this server' }
  return { ...here, kind: 'changed', detail: 'The row is not as it was written' }
}

async function explainMovedRow(db: Db, { row, last, written }: BadRow & { readonly written: number }): Promise<ChainProblem> {
  const expected = last.sequence + 1
  if (written > expected && !(await hasRowWithHash(db, row.previousHash ?? ''))) return removed(expected, written - 1)
  return { sequence: expected, id: row.id, kind: 'reordered', detail: `The row was written as ${written} and stands at ${expected}` }
}

function removed(first: number, last: number): ChainProblem {
  const detail = first === last ? `Row ${first} is missing` : `Rows ${first} to ${last} are missing`
  return { sequence: first, id: null, kind: 'removed', detail }
}

/** The place under which a row is authentic; `undefined` when there is none near. */
function writtenAt(key: KeyObject, row: AuditRow): number | undefined {
  const sequence = row.sequence ?? 0
  for (let shift = 0; shift <= MAX_SHIFT; shift += 1) {
    for (const place of [sequence + shift, sequence - shift]) {
      if (rowHash(key, { ...row, sequence: place }) === row.hash) return place
    }
  }
  return undefined
}
