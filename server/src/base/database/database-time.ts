import type { UnixMs } from '../clock.ts'
import { type Db, dialectOf } from './dialect.ts'

/**
 * The database's clock, for leases and other times that several machines compare: the clock of the machine that asks may be wrong
 * (reliability.md F28). Inside a statement, `dialectOf(db).now` is the same as an expression.
 */
export async function databaseNow(db: Db): Promise<UnixMs> {
  const { now } = await db.selectNoFrom(dialectOf(db).now.as('now')).executeTakeFirstOrThrow()
  return now
}
