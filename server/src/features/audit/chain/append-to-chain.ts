import type { KeyObject } from 'node:crypto'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import type { AuditRow } from '../audit-queries.ts'
import { auditKeyOf } from './audit-key.ts'
import { type ChainHead, countUnchainedRows, findLastRow, insertAuditRows, lockChainHead, moveChainHead } from './chain-queries.ts'
import { CHAIN_START, type ChainPoint, headSeal, rowHash } from './row-hash.ts'

/** A row that has no place in the chain yet. */
export type NewAuditRow = Omit<AuditRow, 'sequence' | 'previousHash' | 'hash'>

/** First row of a chain that began when there were rows already; its details count them as `unchained_rows`. */
export const CHAIN_STARTED = 'audit.start'
/** Row of a chain that goes on although its end was not as this server had left it. */
export const CHAIN_BROKEN = 'audit.break'

/**
 * Appends rows, in their order, each with the hash of the one before it. In the caller's transaction, or in one of its own when
 * given the database. Holds the chain's lock until the commit: nothing else may be locked after it.
 */
export async function appendToChain(db: Db, rows: readonly [NewAuditRow, ...NewAuditRow[]]): Promise<void> {
  if (!db.isTransaction) return db.transaction().execute((tx) => appendToChain(tx, rows))
  const key = auditKeyOf(db)
  const { end, before } = await takeEnd(db, key, rows[0].at)
  let last = end
  const chained = [...before, ...rows].map((row) => {
    const placed = { ...row, sequence: last.sequence + 1, previousHash: last.hash }
    last = { sequence: placed.sequence, hash: rowHash(key, placed) }
    return { ...placed, hash: last.hash }
  })
  await insertAuditRows(db, chained)
  await moveChainHead(db, { ...last, seal: headSeal(key, last) })
}

interface ChainEnd {
  readonly end: ChainPoint
  /** What has to be said before the chain goes on. */
  readonly before: readonly NewAuditRow[]
}

async function takeEnd(tx: Db, key: KeyObject, at: number): Promise<ChainEnd> {
  const { lastSequence, ...head } = await lockChainHead(tx)
  const end = authenticEnd(key, head)
  if (end !== undefined && end.sequence >= (lastSequence ?? 0)) {
    const unchained = end.sequence === 0 ? await countUnchainedRows(tx) : 0
    return { end, before: unchained === 0 ? [] : [chainNote(at, { action: CHAIN_STARTED, details: { unchained_rows: unchained } })] }
  }
  // To refuse would let whoever can write one row stop every change; to go on as if nothing were would hide it.
  const last = await findLastRow(tx)
  const details = { head_sequence: head.sequence, last_sequence: last?.sequence ?? 0 }
  return { end: pointOf(last), before: [chainNote(at, { action: CHAIN_BROKEN, details })] }
}

/** Where a row stands; the start of the chain for none. */
export function pointOf(row: AuditRow | undefined): ChainPoint {
  return row === undefined ? CHAIN_START : { sequence: row.sequence ?? 0, hash: row.hash ?? '' }
}

/** The recorded end, when this server has written it. */
export function authenticEnd(key: KeyObject, { sequence, hash, seal }: ChainHead): ChainPoint | undefined {
  if (sequence === 0 && hash === null && seal === null) return CHAIN_START
  if (hash === null || seal !== headSeal(key, { sequence, hash })) return undefined
  return { sequence, hash }
}

function chainNote(at: number, { action, details }: { readonly action: string; readonly details: object }): NewAuditRow {
  const outcome = action === CHAIN_BROKEN ? 'error' : 'allowed'
  const nobody = { actorId: null, actorName: 'audit', ip: null, requestId: null }
  return { id: newId(), at, ...nobody, action, object: 'audit', outcome, details: encodeJson(details) }
}
