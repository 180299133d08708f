import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { FetchPackageInput, PackageIdentity } from '../mirror/index.ts'
import type { PullKind } from './pull-items.ts'

/** Items of this kind have workers of their own: somebody waits for them, and a large job must not be in their way. */
export const PULL_PACKAGE = 'provider.pull_package'

/** Packages of providers. */
export const PACKAGE_PULLS: PullKind<PackageIdentity> = {
  itemKind: PULL_PACKAGE,
  keyOf: itemKey,
  describeJob(wanted) {
    const key = itemKey(wanted)
    const input: FetchPackageInput = { ...wanted.address, version: wanted.version, platform: formatPlatform(wanted.platform) }
    return {
      kind: 'provider.pull_through',
      title: `Fetch on demand: ${key}`,
      createdBy: 'pull-through',
      items: [{ kind: PULL_PACKAGE, key, input }],
    }
  },
  stepOf({ address, version, platform }) {
    const name = `"${formatProviderAddress(address)}" "${version}" for "${formatPlatform(platform)}"`
    return { action: `fetch ${name}`, hostname: address.hostname, step: 'package' }
  },
}

function itemKey({ address, version, platform }: PackageIdentity): string {
  return `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
}
