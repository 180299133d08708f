import type { CompiledQuery } from 'kysely'
import type { Db, DialectFlags } from './dialect.ts'
import { dialectOf } from './dialect.ts'

/**
 * Makes every replica drop what it has cached of the catalog. Part of each transaction that changes what a protocol route answers:
 * as the last statement before the commit, because on PostgreSQL it makes other such transactions wait.
 */
export async function bumpCatalogRevision(db: Db): Promise<void> {
  await db
    .updateTable('systemSettings')
    .set((eb) => ({ catalogRevision: eb('catalogRevision', '+', 1) }))
    .where('id', '=', 'system')
    .execute()
}

// Building the query would cost more than running it, and protocol routes ask for it on each request.
const compiledReads = new WeakMap<DialectFlags, CompiledQuery<{ catalogRevision: number }>>()

/** The revision of the last committed change: one point read. */
export async function readCatalogRevision(db: Db): Promise<number> {
  const flags = dialectOf(db)
  const compiled =
    compiledReads.get(flags) ?? db.selectFrom('systemSettings').select('catalogRevision').where('id', '=', 'system').compile()
  compiledReads.set(flags, compiled)
  const { rows } = await db.executeQuery(compiled)
  const [row] = rows
  if (row === undefined) throw new Error('The settings row is missing')
  return row.catalogRevision
}
