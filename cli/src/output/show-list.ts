import type { Output } from './output.ts'
import { printable } from './printable.ts'

/** A column of a list: its title, and the text of a row in it. */
export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
}

export interface List<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** The document of `--json`. */
  readonly document: Readonly<Record<string, unknown>>
  /** Said instead of an empty table. */
  readonly empty: string
}

/**
 * Writes a list in the wanted form. Plain: one line per row, columns separated by tabs in the order of the table, no titles, so that
 * `cut -f` can take them apart.
 */
export function showList<Row>(output: Output, { rows, columns, document, empty }: List<Row>): void {
  const cells = rows.map((row) => columns.map(({ text }) => printable(text(row))))
  if (output.settings.form === 'json') output.json(document)
  else if (output.settings.form === 'plain') {
    for (const line of cells) output.data(line.join('\t'))
  } else if (cells.length === 0) output.message(empty)
  else {
    const [titles = '', ...lines] = alignColumns([columns.map(({ title }) => title.toUpperCase()), ...cells])
    output.data(output.title(titles))
    for (const line of lines) output.data(line)
  }
}

/** Lines of a table whose columns begin one below the other. */
export function alignColumns(cells: readonly (readonly string[])[]): string[] {
  const widths = cells.reduce<number[]>((known, line) => line.map((cell, index) => Math.max(cell.length, known[index] ?? 0)), [])
  return cells.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
