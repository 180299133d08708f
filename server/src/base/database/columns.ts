import type { ColumnDefinitionBuilder, ColumnDefinitionBuilderCallback } from 'kysely'

/** Modifier of a column in a migration: a value must be given. */
export const required: ColumnDefinitionBuilderCallback = (column: ColumnDefinitionBuilder) => column.notNull()

/** Modifier of a column in a migration: the row's own id. */
export const primaryKey: ColumnDefinitionBuilderCallback = (column: ColumnDefinitionBuilder) => column.notNull().primaryKey()

/** Modifier of a column in a migration: the row belongs to another one and goes with it; `target` is `table.column`. */
export function belongsTo(target: string): ColumnDefinitionBuilderCallback {
  return (column) => column.notNull().references(target).onDelete('cascade')
}

/** A value for a JSON column, which is text on both databases. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('The value has no JSON form')
  return text
}

/** The value of a JSON column. The caller says what it wrote there; nothing is checked. */
export function decodeJson<T>(text: string): T {
  return JSON.parse(text) as T
}
