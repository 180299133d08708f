import { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { Compile } from 'typebox/compile'

const validAddress = Compile(ProviderAddress)

/**
 * `namespace/type` for a URL, relative to the provider registry of the host. Addresses come here parsed; that is checked once
 * more, because a part with `/`, `..` or `?` in it would lead to another resource (reliability.md row 11).
 * @throws {TypeError} when the address is not canonical.
 */
export function requireProviderPath(address: ProviderAddress): string {
  if (!validAddress.Check(address)) throw new TypeError('the provider address is not in canonical form')
  return `${address.namespace}/${address.type}`
}

/** @throws {TypeError} when the version is not canonical. */
export function requireVersion(version: string): string {
  if (canonicalVersion(version) !== version) throw new TypeError('the version is not in canonical form')
  return version
}
