import { formatModuleAddress, type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { publishModuleVersion } from '../modules/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ImportedVersion } from './import-provider-version.ts'
import type { ImportListing, ListedModule } from './listing/import-listing.ts'
import { planModule } from './plan/plan-modules.ts'

/** The archive of one version of a module, for an import that lists it. */
export interface SentModule {
  readonly listing: ImportListing
  readonly address: ModuleAddress
  readonly version: string
  readonly file: SpooledFile | undefined
  readonly by: Origin
}

/**
 * Publishes a version of a module that another registry published, under the same name and with the same content. It passes every check
 * of a publish, and the archive is the one that the manifest names.
 *
 * @throws {RegistryError} RULE_BROKEN, BAD_REQUEST, CHECKSUM_MISMATCH, INVALID_BUNDLE, and what publishing a module throws
 */
export async function importModuleVersion(deps: ImportDeps, sent: SentModule): Promise<ImportedVersion> {
  const listed = requireListed(sent)
  const plan = await planModule(deps, listed)
  if (plan.state === 'refuse') throw plan.reason
  const name = nameOf(listed)
  if (plan.state === 'keep') return { added: [], kept: [name], bytes: 0 }
  const file = requireArchive(listed, sent.file)
  const { address, version, description, sourceUrl } = listed
  const published = await publishModuleVersion(deps, {
    by: sent.by,
    address,
    version,
    description: description === '' ? undefined : description,
    sourceUrl: sourceUrl ?? undefined,
    file,
  })
  return published.created ? { added: [name], kept: [], bytes: file.size } : { added: [], kept: [name], bytes: 0 }
}

const nameOf = ({ address, version }: Pick<ListedModule, 'address' | 'version'>): string => `${formatModuleAddress(address)} ${version}`

function requireListed({ listing, address, version }: SentModule): ListedModule {
  const key = (of: Pick<ListedModule, 'address' | 'version'>) => nameOf({ ...of, address: moduleKey(of.address) })
  const listed = listing.modules.find((item) => key(item) === key({ address, version }))
  if (listed !== undefined) return listed
  throw new RegistryError('RULE_BROKEN', `Cannot import "${nameOf({ address, version })}": "${listing.name}" does not list it`)
}

function requireArchive(listed: ListedModule, file: SpooledFile | undefined): SpooledFile {
  const name = nameOf(listed)
  if (file === undefined) throw new RegistryError('BAD_REQUEST', `Cannot import "${name}": its archive was not sent`)
  const { sha256 } = listed.archive
  if (file.sha256 === sha256) return file
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot import "${name}": sha256 mismatch`, {
    hint: 'The archive was changed on the way; carry the bundle over again',
    detail: { expected: `sha256:${sha256}`, found: `sha256:${file.sha256}` },
  })
}
