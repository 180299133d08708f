import type { CompiledQuery } from 'kysely'
import type { Db, DialectFlags } from './dialect.ts'
import { dialectOf } from './dialect.ts'

/** What is known of one database during one turn of the event loop. */
interface Turn {
  reading: Promise<number> | undefined
  /** A change of ours may be committed at any moment: nothing is kept. */
  changing: boolean
}

const turns = new WeakMap<object, Turn>()

// The adapter is the one thing that a handle and its transactions share.
function turnOf(db: Db): Turn {
  const { adapter } = db.getExecutor()
  const turn = turns.get(adapter) ?? { reading: undefined, changing: false }
  turns.set(adapter, turn)
  return turn
}

/**
 * Makes every replica drop what it has cached of the catalog. Part of each transaction that changes what a protocol route answers:
 * as the last statement before the commit, because on PostgreSQL it makes other such transactions wait.
 */
export async function bumpCatalogRevision(db: Db): Promise<void> {
  const turn = turnOf(db)
  turn.reading = undefined
  turn.changing = true
  setImmediate(() => {
    turn.changing = false
  })
  await db
    .updateTable('systemSettings')
    .set((eb) => ({ catalogRevision: eb('catalogRevision', '+', 1) }))
    .where('id', '=', 'system')
    .execute()
}

// Building the query would cost more than running it, and protocol routes ask for it on each request.
const compiledReads = new WeakMap<DialectFlags, CompiledQuery<{ catalogRevision: number }>>()

/**
 * The revision of the last committed change: one point read.
 *
 * Whoever asks in the same turn of the event loop shares the read. That loses no change: a request that is handled in this turn had
 * arrived before the turn began, so no change that its sender knew of is newer than the read.
 */
export function readCatalogRevision(db: Db): Promise<number> {
  const turn = turnOf(db)
  if (turn.changing || db.isTransaction) return readNow(db)
  if (turn.reading === undefined) {
    turn.reading = readNow(db)
    setImmediate(() => {
      turn.reading = undefined
    })
  }
  return turn.reading
}

async function readNow(db: Db): Promise<number> {
  const flags = dialectOf(db)
  const compiled =
    compiledReads.get(flags) ?? db.selectFrom('systemSettings').select('catalogRevision').where('id', '=', 'system').compile()
  compiledReads.set(flags, compiled)
  const { rows } = await db.executeQuery(compiled)
  const [row] = rows
  if (row === undefined) throw new Error('The settings row is missing')
  return row.catalogRevision
}
