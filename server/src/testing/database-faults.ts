import type { KyselyPlugin } from 'kysely'
import { databaseUnavailable } from '../base/database/database-errors.ts'
import type { Database } from '../base/database/open-database.ts'

/** A database that can be taken away. */
export interface DatabaseFaults {
  /** Give it to `testApp` as `wrapDatabase`. */
  wrap(database: Database): Database
  /** From now on every statement fails, also inside a transaction, which is then rolled back. */
  goAway(): void
  /** So many statements still succeed. */
  goAwayAfter(statements: number): void
  comeBack(): void
  /** Whether a statement has failed since the last change: a test that met no fault has shown nothing. */
  hasFailed(): boolean
}

/** Faults between the server and the database, before a statement reaches it. What was committed before stays. */
export function createDatabaseFaults(): DatabaseFaults {
  let left = Number.POSITIVE_INFINITY
  let failed = false
  const allow = (statements: number) => {
    left = statements
    failed = false
  }
  const take = () => {
    left -= 1
    if (left >= 0) return
    failed = true
    throw databaseUnavailable('unreachable', 'the connection broke')
  }
  const counted = new WeakSet<object>()
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      take()
      counted.add(queryId)
      return node
    },
    async transformResult({ result, queryId }) {
      // Statements that were compiled beforehand pass here only.
      if (!counted.delete(queryId)) take()
      return result
    },
  }
  const ping = (database: Database) => async (timeoutMs?: number) => {
    take()
    await database.ping(timeoutMs)
  }
  return {
    wrap: (database) => ({ ...database, db: database.db.withPlugin(plugin), ping: ping(database) }),
    goAway: () => allow(0),
    goAwayAfter: allow,
    comeBack: () => allow(Number.POSITIVE_INFINITY),
    hasFailed: () => failed,
  }
}
