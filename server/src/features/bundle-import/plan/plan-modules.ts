import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { findModule, findModuleVersion } from '../../modules/index.ts'
import type { ImportDeps } from '../import-deps.ts'
import type { ListedModule } from '../listing/import-listing.ts'

/** What becomes of one version of a module. `keep`: the same bytes are here. */
export type ModulePlan =
  | { readonly listed: ListedModule; readonly state: 'add' | 'keep' }
  | { readonly listed: ListedModule; readonly state: 'refuse'; readonly reason: RegistryError }

/** Compares one version of a module with what is published here. */
export async function planModule({ database: { db } }: Pick<ImportDeps, 'database'>, listed: ListedModule): Promise<ModulePlan> {
  if (!listed.isPublished) return { listed, state: 'refuse', reason: notPublished(listed) }
  const module = await findModule(db, listed.address)
  const row = module && (await findModuleVersion(db, module.id, listed.version))
  if (row !== undefined && row.deletedAt !== null) return { listed, state: 'refuse', reason: withdrawn(listed) }
  if (row?.damagedAt === null && row.sha256 === listed.archive.sha256) return { listed, state: 'keep' }
  if (listed.archive.isHere) return { listed, state: 'add' }
  return { listed, state: 'refuse', reason: elsewhere(listed) }
}

const nameOf = ({ address, version }: ListedModule): string => `${formatModuleAddress(address)} ${version}`

function notPublished(listed: ListedModule): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot import "${nameOf(listed)}": it is a public module of "${listed.hostname}"`, {
    hint: 'Publish it here under a namespace of your own: terrace module publish',
  })
}

function withdrawn(listed: ListedModule): RegistryError {
  return new RegistryError(
    'MODULE_VERSION_DELETED',
    `Cannot import "${nameOf(listed)}": it was withdrawn here and its number stays taken`,
    {
      hint: 'Leave it out of the bundle, or import the rest with --skip-refused',
    },
  )
}

function elsewhere(listed: ListedModule): RegistryError {
  return new RegistryError('INVALID_BUNDLE', `Cannot import "${nameOf(listed)}": its archive is in an earlier bundle only`, {
    hint: 'Import the bundle that this one was made after, then this one again',
  })
}
