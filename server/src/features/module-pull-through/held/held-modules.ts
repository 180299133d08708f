import { compareVersions } from '@terrace/protocol/versions.ts'
import { type CacheAnswer, createRevisionCache } from '../../../base/catalog/revision-cache.ts'
import type { Deps } from '../../../base/deps.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'
import { keyOfModule } from '../upstream-module.ts'
import { type HeldModuleRow, listHeldVersions } from './held-module-queries.ts'

/** What is held of a module. */
export interface HeldModule {
  /** Those that can be served, newest first. */
  readonly versions: readonly HeldModuleRow[]
  readonly byVersion: ReadonlyMap<string, HeldModuleRow>
}

/** Modules of upstreams as they were at the newest catalog revision. */
export interface HeldModules {
  find(module: UpstreamModule): Promise<CacheAnswer<HeldModule>>
}

export function createHeldModules(deps: Pick<Deps, 'database' | 'clock' | 'logger'>): HeldModules {
  const cache = createRevisionCache<HeldModule>(deps)
  return { find: (module) => cache.find(keyOfModule(module), () => load(deps, module)) }
}

async function load({ database }: Pick<Deps, 'database'>, module: UpstreamModule): Promise<HeldModule | undefined> {
  const rows = (await listHeldVersions(database.db, module)).filter(({ damagedAt }) => damagedAt === null)
  if (rows.length === 0) return undefined
  rows.sort((a, b) => compareVersions(b.version, a.version))
  return { versions: rows, byVersion: new Map(rows.map((row) => [row.version, row])) }
}
