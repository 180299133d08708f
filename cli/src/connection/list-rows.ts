import { usageError } from '../cli-error.ts'

/** Rows of one request; the most that the API gives. */
const PAGE_ROWS = 100
const DEFAULT_LIMIT = 100

/** A part of a list as the API answers it. */
export interface ListPage<Row> {
  readonly items: readonly Row[]
  /** Number of all rows. */
  readonly total: number
}

/** Rows from the beginning of a list. */
export interface ListedRows<Row> {
  readonly rows: readonly Row[]
  readonly total: number
}

/** Reads a list page by page. @param limit most rows; `Infinity` for all. */
export async function listRows<Row>(
  limit: number,
  readPage: (page: { readonly limit: number; readonly offset: number }) => Promise<ListPage<Row>>,
): Promise<ListedRows<Row>> {
  const rows: Row[] = []
  for (;;) {
    const { items, total } = await readPage({ limit: Math.min(PAGE_ROWS, limit - rows.length), offset: rows.length })
    rows.push(...items)
    // A list that shrinks meanwhile gives an empty page before its old end.
    if (items.length === 0 || rows.length >= Math.min(limit, total)) return { rows, total }
  }
}

/** Value of `--limit`. @throws {CliError} exit code 2. */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (text === 'all') return Number.POSITIVE_INFINITY
  const limit = Number(text)
  if (Number.isInteger(limit) && limit > 0) return limit
  throw usageError(`Cannot use limit "${text}": it is neither a whole number above 0 nor "all"`)
}
