import type { Compilable, CompiledQuery } from 'kysely'
import type { Db } from '../open-database.ts'

/** Stands for the value while the statement is built; no value of ours looks like it. */
const SLOT = '\u0000slot'

/**
 * A query by one text whose statement is put together once per database, not once per call: building it costs more than SQLite
 * needs to answer it. For what every request asks.
 */
export function prepareQuery<Row>(build: (db: Db, value: string) => Compilable<Row>): (db: Db, value: string) => Promise<Row[]> {
  const statements = new WeakMap<Db, CompiledQuery<Row>>()
  return async (db, value) => {
    let statement = statements.get(db)
    if (statement === undefined) {
      statement = build(db, SLOT).compile()
      statements.set(db, statement)
    }
    const parameters = statement.parameters.map((parameter) => (parameter === SLOT ? value : parameter))
    const { rows } = await db.executeQuery<Row>({ ...statement, parameters })
    return rows
  }
}
