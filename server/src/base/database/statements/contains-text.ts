import { type Expression, type SqlBool, sql } from 'kysely'

/** Condition that a column holds a text as a part, in any case of ASCII letters. No character of the text has a meaning of its own. */
export function containsText(column: Expression<string | null>, part: string): Expression<SqlBool> {
  const pattern = `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return sql<SqlBool>`lower(${column}) like lower(${pattern}) escape '\\'`
}
