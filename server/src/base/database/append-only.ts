import { type RawBuilder, sql } from 'kysely'

/** A table, and the columns no two of its rows have the same value in; names in the database's spelling. */
export interface AppendOnlyTable {
  readonly table: string
  readonly uniqueColumns: readonly string[]
}

/** How a database is made to refuse every change and removal of a row, whoever asks for it, until the rule itself is dropped. */
export interface AppendOnlySql {
  create(table: AppendOnlyTable): readonly RawBuilder<unknown>[]
  drop(table: AppendOnlyTable): readonly RawBuilder<unknown>[]
}

const refusal = (table: string) => sql.lit(`${table} is append-only`)

function sqliteTrigger(table: string, event: string, when: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  return sql`create trigger ${sql.raw(`${table}_no_${event}`)} before ${sql.raw(event)} on ${sql.raw(table)} ${when}
    begin select raise(abort, ${refusal(table)}); end`
}

/** Triggers. `insert or replace` removes rows without asking the delete trigger, so an insert that would replace is refused too. */
export const SQLITE_APPEND_ONLY: AppendOnlySql = {
  create: ({ table, uniqueColumns }) => {
    const same = uniqueColumns.map((column) => `${column} = new.${column}`).join(' or ')
    const replaces = sql`when exists (select 1 from ${sql.raw(table)} where ${sql.raw(same)})`
    return [sqliteTrigger(table, 'update'), sqliteTrigger(table, 'delete'), sqliteTrigger(table, 'insert', replaces)]
  },
  drop: ({ table }) => ['update', 'delete', 'insert'].map((event) => sql`drop trigger ${sql.raw(`${table}_no_${event}`)}`),
}

/** One trigger per statement; it also refuses `truncate`, which asks no trigger of a row. */
export const POSTGRES_APPEND_ONLY: AppendOnlySql = {
  create: ({ table }) => [
    sql`create function ${sql.raw(`${table}_refuse_change`)}() returns trigger language plpgsql as ${sql.lit(
      `begin raise exception '${table} is append-only' using errcode = 'restrict_violation'; end`,
    )}`,
    sql`create trigger ${sql.raw(`${table}_append_only`)} before update or delete or truncate on ${sql.raw(table)}
      for each statement execute function ${sql.raw(`${table}_refuse_change`)}()`,
  ],
  drop: ({ table }) => [
    sql`drop trigger ${sql.raw(`${table}_append_only`)} on ${sql.raw(table)}`,
    sql`drop function ${sql.raw(`${table}_refuse_change`)}()`,
  ],
}
