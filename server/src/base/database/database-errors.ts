import pg from 'pg'
import { RegistryError } from '../errors.ts'

const HINT = 'Try again. If it stays, see whether the database is up and whether the server can reach it'

/** Why a database did not do what it was asked; `detail.reason` of DATABASE_UNAVAILABLE. */
export type DatabaseFailure = 'busy' | 'unreachable' | 'timeout' | 'read_only' | 'refused' | 'disk'

/** The RegistryError for a database that cannot answer now; the same request may succeed later. */
export function databaseUnavailable(reason: DatabaseFailure, state: string, cause?: unknown): RegistryError {
  return new RegistryError('DATABASE_UNAVAILABLE', `Cannot use the database: ${state}`, {
    hint: HINT,
    detail: { reason },
    retryAfterSeconds: 2,
    cause,
  })
}

// Primary result codes of https://www.sqlite.org/rescode.html
const SQLITE_FAILURES: Readonly<Record<number, readonly [DatabaseFailure, string]>> = {
  5: ['busy', 'another process holds the write lock'],
  6: ['busy', 'a table is locked'],
  8: ['read_only', 'the file is read-only'],
  10: ['disk', 'reading or writing the file failed'],
  14: ['unreachable', 'the file cannot be opened'],
}
const SQLITE_FULL = 13
const SQLITE_UNIQUE = [1555, 2067]

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode
}

/** Whether the write lock of SQLite was taken: nothing has happened yet, and the same statement may be tried again. */
export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== undefined && (code & 0xff) === 5
}

/** An error of `node:sqlite` as what callers act on; defects (syntax, constraints) pass unchanged. */
export function translateSqliteError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code === undefined) return error
  if ((code & 0xff) === SQLITE_FULL) {
    return new RegistryError('STORAGE_FULL', 'Cannot write to the database: its volume is full', {
      hint: 'Free space on the volume of "database.path"',
      cause: error,
    })
  }
  const failure = SQLITE_FAILURES[code & 0xff]
  return failure === undefined ? error : databaseUnavailable(...failure, error)
}

// SQLSTATE classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html
const POSTGRES_FAILURES: readonly (readonly [prefix: string, reason: DatabaseFailure, state: string])[] = [
  ['08', 'unreachable', 'the connection broke'],
  ['25006', 'read_only', 'the server accepts no writes, it is a standby'],
  ['25P03', 'timeout', 'a transaction was idle for too long'],
  ['28', 'refused', 'the server refused the credentials'],
  ['3D000', 'refused', 'there is no such database on the server'],
  ['40', 'busy', 'a concurrent change was in the way'],
  ['531', 'disk', 'the volume of the server is full'],
  ['53', 'busy', 'the server has no room for another connection'],
  ['55P03', 'busy', 'a lock was not free in time'],
  ['57014', 'timeout', 'the statement took too long'],
  ['57P', 'unreachable', 'the server is starting or stopping'],
]
const POSTGRES_UNIQUE = '23505'
const POSTGRES_BAD_TEXT = '22021'

/** An error of `pg` as what callers act on; defects (syntax, constraints) pass unchanged. */
export function translatePostgresError(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    // Whoever sends such a text sees a refusal, not a defect of ours; SQLite merely finds nothing.
    if (error.code === POSTGRES_BAD_TEXT)
      return new RegistryError('BAD_REQUEST', 'Cannot use a text with a NUL character', { cause: error })
    const failure = POSTGRES_FAILURES.find(([prefix]) => error.code?.startsWith(prefix))
    return failure === undefined ? error : databaseUnavailable(failure[1], failure[2], error)
  }
  // What is neither an answer of the server nor a wrong argument comes from the connection: refused, reset, closed, timed out.
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return error
  if (error instanceof RegistryError) return error
  const state = 'code' in error && typeof error.code === 'string' ? error.code : error.message
  return databaseUnavailable('unreachable', state, error)
}

/**
 * Whether the connection must not be used again after this error: it broke, it waits for an answer nobody reads, or it leads to a
 * server that is no longer the primary (reliability.md F24).
 */
export function spoilsConnection(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P|25006|25P03)/.test(error.code ?? '')
  return !(error instanceof TypeError || error instanceof RangeError)
}

/** Whether an insert or update met a row with the same unique key, on either database. */
export function isUniqueViolation(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code === POSTGRES_UNIQUE
  const code = sqliteCode(error)
  return code !== undefined && SQLITE_UNIQUE.includes(code)
}
