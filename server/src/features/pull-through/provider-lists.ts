import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import type { UpstreamClient, UpstreamVersion } from '../upstreams/index.ts'
import type { ListSource } from './list-source.ts'
import { findVersionList, saveVersionList } from './version-list-queries.ts'

/** The version lists of providers. */
export function providerLists(upstreams: UpstreamClient): ListSource<ProviderAddress, UpstreamVersion> {
  return {
    nameOf: formatProviderAddress,
    claimPrefix: 'version-lists',
    find: findVersionList,
    save: saveVersionList,
    ask: (address, options) => upstreams.listVersions(address, options).catch(unlessMissing),
  }
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof RegistryError) || error.code !== 'PROVIDER_NOT_FOUND') throw error
}
