import type { Deps } from '../../../base/deps.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type ListedVersion, type ListSource, sweepLists } from '../../pull-through/index.ts'
import type { UpstreamModule, UpstreamModules } from '../../upstreams/index.ts'
import { formatUpstreamModule, keyOfModule } from '../upstream-module.ts'
import { findModuleList, saveModuleList } from './module-list-queries.ts'

/** The version lists of modules, one for all spellings of each (protocol.md M-7). */
export function moduleLists(upstreamModules: UpstreamModules): ListSource<UpstreamModule, ListedVersion> {
  return {
    nameOf: formatUpstreamModule,
    keyOf: keyOfModule,
    claimPrefix: 'module-version-lists',
    find: findModuleList,
    save: saveModuleList,
    async ask(module, options) {
      const versions = await upstreamModules.listVersions(module, options).catch(unlessMissing)
      return versions?.map((version) => ({ version }))
    },
  }
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof RegistryError) || error.code !== 'MODULE_NOT_FOUND') throw error
}

/** Forgets lists that nobody asks for any more. Several replicas may do so at once. */
export async function sweepModuleLists(deps: Pick<Deps, 'database'>): Promise<number> {
  return await sweepLists(deps, 'upstreamModuleLists')
}
