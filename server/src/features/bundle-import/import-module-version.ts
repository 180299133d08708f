import { formatModuleAddress, type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { storeCarriedModule } from '../module-pull-through/index.ts'
import { publishModuleVersion } from '../modules/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ImportedVersion } from './import-provider-version.ts'
import type { ImportListing, ListedModule } from './listing/import-listing.ts'
import { carriedOf, nameOfModule, planModule } from './plan/plan-modules.ts'

/** The archive of one version of a module, for an import that lists it. */
export interface SentModule {
  readonly listing: ImportListing
  /** Of the upstream that the module is from; `undefined` for one that users of the other registry have published. */
  readonly hostname: string | undefined
  readonly address: ModuleAddress
  readonly version: string
  readonly file: SpooledFile | undefined
  readonly by: Origin
}

/**
 * Takes a version of a module in, with the same content as where it is from. What users of another registry have published is published
 * here under the same name, by every check of a publish; what that registry had from an upstream is held as if it had been fetched here.
 *
 * @throws {RegistryError} RULE_BROKEN, BAD_REQUEST, CHECKSUM_MISMATCH, INVALID_BUNDLE, POLICY_REFUSED, MODULE_VERSION_EXISTS, and what publishing a module throws
 */
export async function importModuleVersion(deps: ImportDeps, sent: SentModule): Promise<ImportedVersion> {
  const listed = requireListed(sent)
  const plan = await planModule(deps, listed)
  if (plan.state === 'refuse') throw plan.reason
  const name = nameOfModule(listed)
  if (plan.state === 'keep') return { added: [], kept: [name], bytes: 0 }
  const file = requireArchive(listed, sent.file)
  const isAdded = await store(deps, { listed, file, by: sent.by })
  return isAdded ? { added: [name], kept: [], bytes: file.size } : { added: [], kept: [name], bytes: 0 }
}

interface ToStore {
  readonly listed: ListedModule
  readonly file: SpooledFile
  readonly by: Origin
}

/** Whether it was not here. */
async function store(deps: ImportDeps, { listed, file, by }: ToStore): Promise<boolean> {
  const carried = carriedOf(listed)
  if (carried !== undefined) return (await storeCarriedModule(deps, { carried, file, by })) === 'add'
  const { address, version, description, sourceUrl } = listed
  const published = await publishModuleVersion(deps, {
    by,
    address,
    version,
    description: description === '' ? undefined : description,
    sourceUrl: sourceUrl ?? undefined,
    file,
  })
  return published.created
}

function requireListed({ listing, hostname, address, version }: SentModule): ListedModule {
  const keyOf = (of: Pick<ListedModule, 'address' | 'version'>) => `${formatModuleAddress(moduleKey(of.address))} ${of.version}`
  const wanted = keyOf({ address, version })
  const listed = listing.modules.find((item) => hostOf(item) === hostname && keyOf(item) === wanted)
  if (listed !== undefined) return listed
  const name = `${formatModuleAddress(address)} ${version}`
  throw new RegistryError(
    'RULE_BROKEN',
    `Cannot import "${hostname === undefined ? name : `${hostname}/${name}`}": "${listing.name}" does not list it`,
  )
}

/** Of the upstream; `undefined` for what users have published. */
const hostOf = ({ hostname, fetchedFrom }: ListedModule): string | undefined => (fetchedFrom === undefined ? undefined : hostname)

function requireArchive(listed: ListedModule, file: SpooledFile | undefined): SpooledFile {
  const name = nameOfModule(listed)
  if (file === undefined) throw new RegistryError('BAD_REQUEST', `Cannot import "${name}": its archive was not sent`)
  const { sha256 } = listed.archive
  if (file.sha256 === sha256) return file
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot import "${name}": sha256 mismatch`, {
    hint: 'The archive was changed on the way; carry the bundle over again',
    detail: { expected: `sha256:${sha256}`, found: `sha256:${file.sha256}` },
  })
}
