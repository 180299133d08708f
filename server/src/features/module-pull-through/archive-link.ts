import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { Deps } from '../../base/deps.ts'
import type { ModuleIdentity } from './upstream-module.ts'

/** Signed link to the archive of a version that is not held: following it has the version fetched. Rooted, without scheme and host. */
export function moduleArchiveLink({ linkSigner, config }: Pick<Deps, 'linkSigner' | 'config'>, identity: ModuleIdentity): string {
  return linkSigner.sign(moduleArchivePath(identity), config.downloads.linkLifeSeconds)
}

/** What such a link is signed for. */
export function moduleArchivePath({ module, version }: ModuleIdentity): string {
  return `/v1/upstream/${module.hostname}/modules/${formatModuleAddress(module)}/${version}/archive.tar.gz`
}
