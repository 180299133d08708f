import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type CarriedModule, planCarriedModule } from '../../module-pull-through/index.ts'
import { findModule, findModuleVersion } from '../../modules/index.ts'
import type { ImportDeps } from '../import-deps.ts'
import type { ListedModule } from '../listing/import-listing.ts'

/** What becomes of one version of a module. `keep`: the same bytes are here. */
export type ModulePlan =
  | { readonly listed: ListedModule; readonly state: 'add' | 'keep' }
  | { readonly listed: ListedModule; readonly state: 'refuse'; readonly reason: RegistryError }

/** Compares one version of a module with what is held here. */
export async function planModule(deps: PlanModuleDeps, listed: ListedModule): Promise<ModulePlan> {
  try {
    const state = await compare(deps, listed)
    if (state === 'keep' || listed.archive.isHere) return { listed, state }
    return { listed, state: 'refuse', reason: elsewhere(listed) }
  } catch (error) {
    if (!(error instanceof RegistryError && REFUSALS.has(error.code))) throw error
    return { listed, state: 'refuse', reason: error }
  }
}

/** What is said about the module; everything else is a failure of ours. */
const REFUSALS: ReadonlySet<string> = new Set(['MODULE_VERSION_EXISTS', 'MODULE_VERSION_DELETED', 'POLICY_REFUSED'])

type PlanModuleDeps = Pick<ImportDeps, 'database' | 'policy'>

async function compare(deps: PlanModuleDeps, listed: ListedModule): Promise<'add' | 'keep'> {
  const carried = carriedOf(listed)
  if (carried !== undefined) return planCarriedModule(deps, carried)
  const { db } = deps.database
  const module = await findModule(db, listed.address)
  const row = module && (await findModuleVersion(db, module.id, listed.version))
  if (row !== undefined && row.deletedAt !== null) throw withdrawn(listed)
  return row?.damagedAt === null && row.sha256 === listed.archive.sha256 ? 'keep' : 'add'
}

/** What another registry has fetched; `undefined` for what its users have published. */
export function carriedOf({ hostname, address, version, fetchedFrom }: ListedModule): CarriedModule | undefined {
  return fetchedFrom && { identity: { module: { hostname, ...address }, version }, ...fetchedFrom }
}

/** `NAMESPACE/NAME/SYSTEM VERSION`, with the host in front for what another registry has fetched. */
export function nameOfModule({ hostname, address, version, fetchedFrom }: ListedModule): string {
  const name = `${formatModuleAddress(address)} ${version}`
  return fetchedFrom === undefined ? name : `${hostname}/${name}`
}

function withdrawn(listed: ListedModule): RegistryError {
  return new RegistryError(
    'MODULE_VERSION_DELETED',
    `Cannot import "${nameOfModule(listed)}": it was withdrawn here and its number stays taken`,
    {
      hint: 'Leave it out of the bundle, or import the rest with --skip-refused',
    },
  )
}

function elsewhere(listed: ListedModule): RegistryError {
  return new RegistryError('INVALID_BUNDLE', `Cannot import "${nameOfModule(listed)}": its archive is in an earlier bundle only`, {
    hint: 'Import the bundle that this one was made after, then this one again',
  })
}
