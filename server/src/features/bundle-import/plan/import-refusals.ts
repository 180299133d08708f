import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { ListedPackage, ListedVersion } from '../listing/import-listing.ts'

/** What is held stays, whoever brings other bytes for it (reliability.md row 44). */
export function changedDigest({ address, version }: ListedVersion, { platform, sha256 }: ListedPackage, zh: string): RegistryError {
  const name = `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
  return new RegistryError('PROVIDER_VERSION_EXISTS', `Cannot import "${name}": other bytes are held under this name`, {
    hint: 'What is held stays in service; find out where the other bytes are from before you trust anything of the same origin',
    detail: { expected: zh, found: `zh:${sha256}` },
  })
}

/** A file that did not come along. */
export function inEarlierBundle({ address, version }: ListedVersion, filename: string): RegistryError {
  const name = `${formatProviderAddress(address)} ${version}`
  return new RegistryError('INVALID_BUNDLE', `Cannot import "${name}": "${filename}" is in an earlier bundle only`, {
    hint: 'Import the bundle that this one was made after, then this one again',
  })
}
