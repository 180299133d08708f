import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import { dialectOf } from '../../../base/database/dialect.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import type { ListedVersion, StoredVersionList } from '../../pull-through/index.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'

/** The list as it was last stored, by whatever process. */
export async function findModuleList(
  db: Db,
  { hostname, namespace, name, system }: UpstreamModule,
): Promise<StoredVersionList<ListedVersion> | undefined> {
  const row = await db
    .selectFrom('upstreamModuleLists')
    .select(['versions', 'fetchedAt'])
    .select(dialectOf(db).now.as('now'))
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('system', '=', system)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const versions = decodeJson<string[]>(row.versions).map((version) => ({ version }))
  return { versions, ageMs: Math.max(0, row.now - row.fetchedAt) }
}

/** Stores what the upstream has just said. */
export async function saveModuleList(
  db: Db,
  { hostname, namespace, name, system }: UpstreamModule,
  list: readonly ListedVersion[],
): Promise<void> {
  const said = { versions: encodeJson(list.map(({ version }) => version)), fetchedAt: dialectOf(db).now }
  await db
    .insertInto('upstreamModuleLists')
    .values({ id: newId(), hostname, namespace, name, system, ...said })
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'name', 'system']).doUpdateSet(said))
    .execute()
}
