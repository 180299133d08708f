import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { decodeJson, encodeJson } from '../../base/database/columns.ts'
import { dialectOf } from '../../base/database/dialect.ts'
import type { Db } from '../../base/database/open-database.ts'
import { newId } from '../../base/ids.ts'
import type { UpstreamVersion } from '../upstreams/index.ts'
import type { StoredVersionList } from './list-source.ts'

interface StoredVersion {
  readonly version: string
  readonly protocols: readonly string[]
  readonly platforms: readonly string[]
}

/** The list as it was last stored, by whatever process. */
export async function findVersionList(
  db: Db,
  { hostname, namespace, type }: ProviderAddress,
): Promise<StoredVersionList<UpstreamVersion, ProviderAddress> | undefined> {
  const row = await db
    .selectFrom('upstreamVersionLists')
    .select(['versions', 'fetchedAt'])
    .select(dialectOf(db).now.as('now'))
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return { versions: decodeJson<StoredVersion[]>(row.versions).map(decodeVersion), ageMs: Math.max(0, row.now - row.fetchedAt) }
}

/** Stores what the upstream has just said. */
export async function saveVersionList(
  db: Db,
  { hostname, namespace, type }: ProviderAddress,
  list: readonly UpstreamVersion[],
): Promise<void> {
  const said = { versions: encodeJson(list.map(encodeVersion)), fetchedAt: dialectOf(db).now }
  await db
    .insertInto('upstreamVersionLists')
    .values({ id: newId(), hostname, namespace, type, ...said })
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type']).doUpdateSet(said))
    .execute()
}

/** Where version lists are kept. */
export type ListTable = 'upstreamVersionLists' | 'upstreamModuleLists'

/** How long lists stay that no upstream has confirmed since. */
export interface ListAges {
  readonly olderThanMs: number
  /** Of those without a version, of which the upstream has nothing any more. */
  readonly emptyOlderThanMs: number
}

/** Forgets lists that were stored longer ago than this. */
export async function deleteVersionLists(db: Db, table: ListTable, { olderThanMs, emptyOlderThanMs }: ListAges): Promise<number> {
  const { now } = dialectOf(db)
  const result = await db
    .deleteFrom(table)
    .where((eb) =>
      eb.or([
        eb('fetchedAt', '<', eb(now, '-', olderThanMs)),
        eb.and([eb('versions', '=', encodeJson([])), eb('fetchedAt', '<', eb(now, '-', emptyOlderThanMs))]),
      ]),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

function encodeVersion({ version, protocols, platforms }: UpstreamVersion): StoredVersion {
  return { version, protocols, platforms: platforms.map(formatPlatform) }
}

function decodeVersion({ version, protocols, platforms }: StoredVersion): UpstreamVersion {
  return { version, protocols, platforms: platforms.map(parsePlatform).filter((platform) => platform !== undefined) }
}
