import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Db } from '../../../base/database/open-database.ts'

const keys = new WeakMap<object, KeyObject>()

// The adapter is the one thing that a handle and its transactions share.
const ownerOf = (db: Db): object => db.getExecutor().adapter

/**
 * Tells with which key the audit of this database is chained; once per handle, before anything is recorded. The key stays outside
 * of the database, so that whoever has only the database cannot make rows that pass.
 */
export function useAuditKey(db: Db, key: Uint8Array): void {
  if (key.byteLength < 32) throw new TypeError('The key of the audit has at least 32 bytes')
  keys.set(ownerOf(db), createSecretKey(key))
}

/** The key of this database, also inside its transactions. */
export function auditKeyOf(db: Db): KeyObject {
  const key = keys.get(ownerOf(db))
  if (key === undefined) throw new Error('The database was opened without the key of its audit')
  return key
}
