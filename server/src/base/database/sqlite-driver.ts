import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { translateSqliteError } from './database-errors.ts'
import { openReader, openWriter, type SqliteAnswer, type SqliteConnection } from './sqlite-connection.ts'
import { WriteLock } from './write-lock.ts'

/** How long a write waits for the other writers of this process, then for those of other processes. */
export interface SqliteWaits {
  readonly lockTimeoutMs: number
  readonly busyTimeoutMs: number
}

/**
 * Kysely's driver for one SQLite file: any number of readers, one writer.
 *
 * Selects outside a transaction run on a read-only connection and see the last commit. Everything else takes the write lock: a
 * transaction for its whole length (`begin immediate`, so that it never finds its snapshot outdated), a statement for itself.
 */
export class SqliteDriver implements Driver {
  readonly #path: string
  readonly #waits: SqliteWaits
  readonly #lock = new WriteLock()
  #writer: SqliteConnection | undefined
  #reader: SqliteConnection | undefined

  constructor(path: string, waits: SqliteWaits) {
    this.#path = path
    this.#waits = waits
  }

  async init(): Promise<void> {
    try {
      this.#writer = openWriter(this.#path)
      this.#reader = openReader(this.#path)
    } catch (error) {
      this.#writer?.handle.close()
      throw translateSqliteError(error)
    }
  }

  async acquireConnection(): Promise<SqliteSession> {
    if (this.#writer === undefined || this.#reader === undefined) throw new Error('The database is not open')
    return new SqliteSession({ writer: this.#writer, reader: this.#reader, lock: this.#lock, waits: this.#waits })
  }

  async beginTransaction(session: SqliteSession): Promise<void> {
    await session.begin()
  }

  async commitTransaction(session: SqliteSession): Promise<void> {
    session.commit()
  }

  async rollbackTransaction(session: SqliteSession): Promise<void> {
    session.rollback()
  }

  async releaseConnection(): Promise<void> {
    // A session holds nothing outside a transaction.
  }

  async destroy(): Promise<void> {
    const release = await this.#lock.acquire(this.#waits.lockTimeoutMs)
    this.#reader?.handle.close()
    this.#writer?.handle.close()
    this.#reader = undefined
    this.#writer = undefined
    release()
  }
}

interface SessionParts {
  readonly writer: SqliteConnection
  readonly reader: SqliteConnection
  readonly lock: WriteLock
  readonly waits: SqliteWaits
}

/** What Kysely holds while it runs a query or a transaction. */
class SqliteSession implements DatabaseConnection {
  readonly #parts: SessionParts
  /** Gives the write lock back; set while a transaction is open. */
  #release: (() => void) | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const answer = await this.#run(query)
      return answer.changes === undefined ? { rows: answer.rows as R[] } : { rows: answer.rows as R[], numAffectedRows: answer.changes }
    } catch (error) {
      throw translateSqliteError(error)
    }
  }

  /** Not offered: an open cursor would hold the log back for as long as its reader is slow. Page by key instead. */
  // biome-ignore lint/correctness/useYield: the interface asks for a generator
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('Streaming is not supported: page by key')
  }

  async begin(): Promise<void> {
    const { lock, waits, writer } = this.#parts
    const release = await lock.acquire(waits.lockTimeoutMs)
    try {
      await writer.runWhenFree('begin immediate', [], waits.busyTimeoutMs)
    } catch (error) {
      release()
      throw translateSqliteError(error)
    }
    this.#release = release
  }

  commit(): void {
    try {
      this.#parts.writer.run('commit', [])
    } catch (error) {
      // Kysely rolls back next, which gives the lock back.
      throw translateSqliteError(error)
    }
    this.#finish()
  }

  rollback(): void {
    try {
      // A full disk or a failed write has already rolled back by itself.
      if (this.#parts.writer.handle.isTransaction) this.#parts.writer.run('rollback', [])
    } catch (error) {
      throw translateSqliteError(error)
    } finally {
      this.#finish()
    }
  }

  #finish(): void {
    this.#release?.()
    this.#release = undefined
  }

  #run(query: CompiledQuery): SqliteAnswer | Promise<SqliteAnswer> {
    const { reader, writer } = this.#parts
    if (this.#release !== undefined) return writer.run(query.sql, query.parameters)
    if (query.query.kind === 'SelectQueryNode') return reader.run(query.sql, query.parameters)
    return this.#runAlone(query)
  }

  async #runAlone(query: CompiledQuery): Promise<SqliteAnswer> {
    const { lock, waits, writer } = this.#parts
    const release = await lock.acquire(waits.lockTimeoutMs)
    try {
      return await writer.runWhenFree(query.sql, query.parameters, waits.busyTimeoutMs)
    } finally {
      release()
    }
  }
}
