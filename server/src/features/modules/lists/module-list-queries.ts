import { type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { type NamespaceReader, privateNamespacesOfOthers } from '../../namespaces/index.ts'

export interface ModuleListFilter {
  /** Any case. */
  readonly namespace?: string | undefined
  /** Any case. */
  readonly name?: string | undefined
  readonly system?: string | undefined
  /** Whose private namespaces are listed too. */
  readonly reader: NamespaceReader
}

function filtered(db: Db, filter: ModuleListFilter) {
  let query = db
    .selectFrom('modules as m')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('moduleVersions as v')
          .select('v.id')
          .whereRef('v.moduleId', '=', 'm.id')
          .where('v.deletedAt', 'is', null)
          .where('v.damagedAt', 'is', null),
      ),
    )
  if (filter.reader !== 'all') query = query.where('m.namespaceKey', 'not in', privateNamespacesOfOthers(db, filter.reader))
  if (filter.namespace !== undefined) query = query.where('m.namespaceKey', '=', filter.namespace.toLowerCase())
  if (filter.name !== undefined) query = query.where('m.nameKey', '=', filter.name.toLowerCase())
  if (filter.system !== undefined) query = query.where('m.system', '=', filter.system)
  return query
}

/** A part of a list. */
export interface ModuleListPage {
  readonly limit: number
  readonly offset: number
  /** The part begins behind this address, and the offset does not count. */
  readonly after?: ModuleAddress | undefined
}

/** Ids of the modules that have something to install, by address. */
export async function listModuleIds(db: Db, filter: ModuleListFilter, { limit, offset, after }: ModuleListPage): Promise<string[]> {
  let query = filtered(db, filter)
  if (after !== undefined) {
    const { namespace, name, system } = moduleKey(after)
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('m.namespaceKey', 'm.nameKey', 'm.system'), '>', tuple(namespace, name, system)),
    )
  }
  const rows = await query
    .select('m.id')
    .orderBy('m.namespaceKey')
    .orderBy('m.nameKey')
    .orderBy('m.system')
    .limit(limit)
    .offset(after === undefined ? offset : 0)
    .execute()
  return rows.map((row) => row.id)
}

/** Versions that can be installed of several modules: id of the module, version, when, whether deprecated. */
export function listVersionsOfModules(db: Db, moduleIds: readonly string[]) {
  if (moduleIds.length === 0) return Promise.resolve([])
  return db
    .selectFrom('moduleVersions')
    .select(['id', 'moduleId', 'version', 'createdAt', 'deprecatedAt'])
    .where('moduleId', 'in', moduleIds)
    .where('deletedAt', 'is', null)
    .where('damagedAt', 'is', null)
    .execute()
}
