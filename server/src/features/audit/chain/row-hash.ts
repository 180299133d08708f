import { createHmac, type KeyObject } from 'node:crypto'
import type { AuditRow } from '../audit-queries.ts'

/** A place in the chain: where it is, and the hash of the row there. */
export interface ChainPoint {
  readonly sequence: number
  /** Lower-case hex. */
  readonly hash: string
}

/** Before the first row. */
export const CHAIN_START: ChainPoint = { sequence: 0, hash: '' }

// Each field is preceded by its length, so no two different field lists give the same text.
function mac(key: KeyObject, fields: readonly (string | number | null)[]): string {
  const hmac = createHmac('sha256', key)
  for (const field of fields) {
    if (field === null) hmac.update('-')
    else hmac.update(`${Buffer.byteLength(String(field))}:${field}`)
  }
  return hmac.digest('hex')
}

/** Everything a row says, its place in the chain and the hash of the row before it, as HMAC-SHA-256 in lower-case hex. */
export function rowHash(key: KeyObject, row: Omit<AuditRow, 'hash'>): string {
  const { sequence, previousHash, id, at, actorId, actorName, action, object, outcome, ip, requestId, details } = row
  const place = ['terrace-audit-row-v1', sequence, previousHash]
  return mac(key, [...place, id, at, actorId, actorName, action, object, outcome, ip, requestId, details])
}

/**
 * Vouches for the end of the chain. Without it, whoever removes the last rows could name the row before them as the end; the hash
 * of that row is there to read.
 */
export function headSeal(key: KeyObject, { sequence, hash }: ChainPoint): string {
  return mac(key, ['terrace-audit-head-v1', sequence, hash])
}
