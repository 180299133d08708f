import type { Deps } from '../../base/deps.ts'
import { deleteVersionLists, type ListAges, type ListTable } from './version-list-queries.ts'

const DAY_MS = 24 * 3_600_000

/** A list that is asked for is confirmed by its upstream again and again: nobody has wanted these, or the upstream is gone for good. */
const FORGOTTEN: ListAges = { olderThanMs: 90 * DAY_MS, emptyOlderThanMs: DAY_MS }

/** Forgets the lists of a table that nobody asks for any more. Several replicas may do so at once. */
export async function sweepLists({ database }: Pick<Deps, 'database'>, table: ListTable): Promise<number> {
  return await deleteVersionLists(database.db, table, FORGOTTEN)
}

/** The same for the lists of providers. */
export async function sweepProviderLists(deps: Pick<Deps, 'database'>): Promise<number> {
  return await sweepLists(deps, 'upstreamVersionLists')
}
