import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import { compareHeld } from '../mirror/index.ts'
import type { UpstreamVersion } from '../upstreams/index.ts'
import type { ListSource } from './list-source.ts'
import type { VersionReadDeps } from './pull-through-deps.ts'
import { findVersionList, saveVersionList } from './version-list-queries.ts'

/** The version lists of providers. When an upstream has told one, some digests of what is held are compared with it in the background. */
export function providerLists(deps: VersionReadDeps): ListSource<ProviderAddress, UpstreamVersion> {
  return {
    nameOf: formatProviderAddress,
    keyOf: formatProviderAddress,
    claimPrefix: 'version-lists',
    find: findVersionList,
    save: saveVersionList,
    async ask(address, options) {
      const list = await deps.upstreams.listVersions(address, options).catch(unlessMissing)
      if (list !== undefined) compareInBackground(deps, address)
      return list
    },
  }
}

function compareInBackground(deps: VersionReadDeps, address: ProviderAddress): void {
  compareHeld(deps, address).catch((err: unknown) => deps.logger.warn({ err }, 'digests were not compared; that is tried again later'))
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof RegistryError) || error.code !== 'PROVIDER_NOT_FOUND') throw error
}
