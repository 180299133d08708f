import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { assertObjectKey } from './key-syntax.ts'

/*
 * Layout of a store (requirements.md C20). Everything below it is immutable; only the sweeper and an administrator delete.
 *
 *   providers/
 *     HOSTNAME/                    origin, punycode lower case; `_self` for providers published here
 *       NAMESPACE/
 *         TYPE/
 *           VERSION/               canonical semver without `v`
 *             OS_ARCH/
 *               terraform-provider-TYPE_VERSION_OS_ARCH.zip
 *
 *   modules/
 *     NAMESPACE/                   lower case: two spellings are one module
 *       NAME/
 *         SYSTEM/
 *           VERSION.tar.gz         canonical semver without `v`
 *
 *   upstream-modules/
 *     HOSTNAME/                    origin, punycode lower case
 *       NAMESPACE/NAME/SYSTEM/VERSION.tar.gz   as above
 *
 * SHA256SUMS and its signature are rows of the database, not objects. Segments that begin with a dot never are keys, so a
 * driver may keep files of its own under such a name.
 */

/**
 * Key of a provider package. The file name is never taken as given (reliability.md row 43): it must be the one that follows
 * from the other parts.
 * @throws {TypeError} when it is another one, or a part is outside the alphabet of keys.
 */
export function providerPackageKey(
  address: ProviderAddress,
  version: string,
  file: { readonly platform: Platform; readonly filename: string },
): string {
  const { os, arch } = file.platform
  const expected = expectedPackageFilename({ type: address.type, version, os, arch })
  if (file.filename !== expected) throw new TypeError(`Not the file name of the package: "${file.filename}", expected "${expected}"`)
  const parts = [address.hostname, address.namespace, address.type, version, `${os}_${arch}`, file.filename]
  if (parts.some((part) => part.includes('/'))) throw new TypeError('A part of a provider package key holds a slash')
  const key = ['providers', ...parts].join('/')
  assertObjectKey(key)
  return key
}

/** Key of a module's canonical archive. @throws {TypeError} when a part is outside the alphabet of keys. */
export function moduleArchiveKey(address: ModuleAddress, version: string): string {
  return archiveKey(['modules'], address, version)
}

/** The same for a module that came from an upstream. */
export function upstreamModuleKey(module: ModuleAddress & { readonly hostname: string }, version: string): string {
  return archiveKey(['upstream-modules', module.hostname], module, version)
}

function archiveKey(folders: readonly string[], address: ModuleAddress, version: string): string {
  const { namespace, name, system } = moduleKey(address)
  const parts = [...folders, namespace, name, system, version]
  if (parts.some((part) => part.includes('/'))) throw new TypeError('A part of a module key holds a slash')
  const key = `${parts.join('/')}.tar.gz`
  assertObjectKey(key)
  return key
}
