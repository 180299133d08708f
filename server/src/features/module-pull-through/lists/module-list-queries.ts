import { moduleKey } from '@terrace/protocol/module-addresses.ts'
import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import { dialectOf } from '../../../base/database/dialect.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import type { ListedVersion, StoredVersionList } from '../../pull-through/index.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'

/** The list of a module in any spelling, as it was last stored, by whatever process. */
export async function findModuleList(
  db: Db,
  module: UpstreamModule,
): Promise<StoredVersionList<ListedVersion, UpstreamModule> | undefined> {
  const { namespace, name, system } = moduleKey(module)
  const row = await db
    .selectFrom('upstreamModuleLists')
    .select(['versions', 'fetchedAt', 'spelling'])
    .select(dialectOf(db).now.as('now'))
    .where('hostname', '=', module.hostname)
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('system', '=', system)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const versions = decodeJson<string[]>(row.versions).map((version) => ({ version }))
  const ageMs = Math.max(0, row.now - row.fetchedAt)
  // What is gone may come back in another spelling.
  return versions.length === 0 ? { versions, ageMs } : { versions, ageMs, address: respell(module, row.spelling) }
}

function respell(module: UpstreamModule, spelling: string | null): UpstreamModule | undefined {
  if (spelling === null) return undefined
  const [namespace = '', name = ''] = spelling.split('/')
  return { ...module, namespace, name }
}

/** Stores what the upstream has just said of a module in this spelling. */
export async function saveModuleList(db: Db, module: UpstreamModule, list: readonly ListedVersion[]): Promise<void> {
  const spelling = `${module.namespace}/${module.name}`
  const said = { spelling, versions: encodeJson(list.map(({ version }) => version)), fetchedAt: dialectOf(db).now }
  await db
    .insertInto('upstreamModuleLists')
    .values({ id: newId(), hostname: module.hostname, ...moduleKey(module), ...said })
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'name', 'system']).doUpdateSet(said))
    .execute()
}
