import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { databaseUnavailable, isSqliteBusy } from './database-errors.ts'

/** The answer of one statement: its rows, or how many rows it changed. */
export interface SqliteAnswer {
  readonly rows: Record<string, unknown>[]
  readonly changes: bigint | undefined
}

// A statement is compiled once; lists of parameters (`in (?, ?, …)`) make texts that differ only in length, hence the bound.
const MAX_CACHED_STATEMENTS = 400

interface PreparedStatement {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

/** One connection to the file, with the statements it has compiled. All its calls are synchronous. */
export class SqliteConnection {
  readonly handle: DatabaseSync
  readonly #statements = new LRUCache<string, PreparedStatement>({ max: MAX_CACHED_STATEMENTS })

  constructor(handle: DatabaseSync) {
    this.handle = handle
  }

  /** Runs one statement to its end; never leaves it open, so that no reader holds the log back. */
  run(text: string, parameters: readonly unknown[]): SqliteAnswer {
    const { statement, returnsRows } = this.#prepare(text)
    const values = parameters as SQLInputValue[]
    if (returnsRows) return { rows: statement.all(...values), changes: undefined }
    return { rows: [], changes: BigInt(statement.run(...values).changes) }
  }

  /** Like `run`, and tries again while another process has the write lock; the event loop goes on meanwhile. */
  async runWhenFree(text: string, parameters: readonly unknown[], timeoutMs: number): Promise<SqliteAnswer> {
    const started = performance.now()
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      try {
        return this.run(text, parameters)
      } catch (error) {
        if (!isSqliteBusy(error) || performance.now() - started > timeoutMs) throw error
      }
      await delay(pauseMs)
    }
  }

  #prepare(text: string): PreparedStatement {
    const known = this.#statements.get(text)
    if (known !== undefined) return known
    const statement = this.handle.prepare(text)
    const prepared = { statement, returnsRows: statement.columns().length > 0 }
    this.#statements.set(text, prepared)
    return prepared
  }
}

const READER_BUSY_MS = 5000
// Long enough for another process's short commit, too short to be seen on the event loop; runWhenFree waits longer, but politely.
const WRITER_BUSY_MS = 5

/** The connection that writes. An acknowledged commit is on the disk: `synchronous = full` syncs the log at each. */
export function openWriter(path: string): SqliteConnection {
  makeFile(path)
  // While opening, another process may be switching the file to WAL: there SQLite itself has to wait.
  const handle = new DatabaseSync(path, { timeout: READER_BUSY_MS, enableForeignKeyConstraints: true })
  enableWal(handle)
  handle.exec(`
    pragma synchronous = full;
    pragma busy_timeout = ${WRITER_BUSY_MS};
    pragma journal_size_limit = 67108864;
    pragma temp_store = memory;
    pragma trusted_schema = off;
  `)
  return new SqliteConnection(handle)
}

/** The connection for reads outside transactions; it sees what is committed and never waits for a writer. */
export function openReader(path: string): SqliteConnection {
  const handle = new DatabaseSync(path, { readOnly: true, timeout: READER_BUSY_MS })
  handle.exec('pragma cache_size = -16000; pragma temp_store = memory; pragma trusted_schema = off;')
  return new SqliteConnection(handle)
}

/** It holds password hashes: no access for others. SQLite gives its log the same mode. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    closeSync(openSync(path, 'a', 0o640))
  } catch (error) {
    throw databaseUnavailable('unreachable', `the file "${path}" cannot be opened`, error)
  }
}

const WAL_ATTEMPTS = 200

function enableWal(handle: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      handle.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      // SQLite does not call its busy handler for this switch, so two first starts at once meet here.
      if (!isSqliteBusy(error) || attempt === WAL_ATTEMPTS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
