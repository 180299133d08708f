import { type Static, type TSchema, Type } from 'typebox'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100
const MAX_OFFSET = 1_000_000_000

/** Query of every list route: `limit` 1 to 100 (default 50), `offset` from 0. */
export const PageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, description: 'Rows to return, default 50.' })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_OFFSET, description: 'Rows to skip, default 0.' })),
})
export type PageQuery = Static<typeof PageQuery>

/** A part of a list, with the defaults filled in. */
export interface Page {
  readonly limit: number
  readonly offset: number
}

/** The page that a query asks for. */
export function pageOf(query: PageQuery): Page {
  return { limit: query.limit ?? DEFAULT_LIMIT, offset: query.offset ?? 0 }
}

/** Schema of a list answer: the page's items and the number of all. */
export function Paged<Item extends TSchema>(item: Item) {
  return Type.Object({ items: Type.Array(item), total: Type.Integer(), limit: Type.Integer(), offset: Type.Integer() })
}
