import { posix } from 'node:path'
import { lockAddress } from '@terrace/protocol/lock-file.ts'
import {
  type CalledModule,
  chooseVersion,
  type ExistingLocks,
  mergeRequirements,
  NO_LOCKS,
  NO_TOFU_LOCKS,
  type Requirement,
  readConfiguration,
  readLockFile,
  readRequirement,
} from '../../lock-file/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { readModuleSource } from './module-source.ts'
import { selectModules } from './select-modules.ts'
import { type Asker, LOAD_IT, type MissingItem, type Selection, type WantedProvider } from './wanted.ts'

/** A configuration as it lies in a folder. */
export interface ConfigurationInput {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** The lock file that is there: its versions count. */
  readonly lockFile: string | undefined
  /** Whose configuration it is when there is no lock file. */
  readonly program: 'terraform' | 'tofu'
  readonly platforms: readonly string[]
}

const BUILT_IN = 'terraform.io/builtin/'

/**
 * What `init` would choose for a configuration: the modules that it calls, those that they call, and the providers of all of them.
 * @throws {RegistryError} INVALID_CONFIGURATION, INVALID_ADDRESS, BAD_REQUEST
 */
export async function selectByConfiguration(deps: BundlesDeps, asker: Asker, input: ConfigurationInput): Promise<Selection> {
  const existing = await readExisting(input)
  const { own } = asker
  const read = await readConfiguration(input.files, { own, defaultHostname: existing.defaultHostname })
  const selected = await selectModules(deps, asker, { calls: read.moduleCalls, defaultHostname: existing.defaultHostname })
  const ofModules = selected.providers
    .filter(({ source }) => !source.startsWith(BUILT_IN))
    .map((provider) => readRequirement(provider, own))
  const requirements = mergeRequirements([...read.requirements, ...ofModules, ...selected.requirements])
  const choices = await Promise.all(requirements.map((requirement) => choose(deps, { requirement, existing, input, asker })))
  return {
    providers: choices.flatMap((choice) => ('version' in choice ? [choice] : [])),
    modules: selected.modules,
    missing: [
      ...listUnsent(input, read.moduleCalls),
      ...selected.missing,
      ...choices.flatMap((choice) => ('version' in choice ? [] : [choice])),
    ],
  }
}

/** Folders beside the caller whose files did not come along: what they need is not known. */
function listUnsent({ files }: ConfigurationInput, calls: readonly CalledModule[]): MissingItem[] {
  const folders = new Set(files.map(({ path }) => posix.dirname(path)))
  return calls.flatMap(({ folder, source }) => {
    const read = readModuleSource(source)
    if (read.kind !== 'local') return []
    const path = posix.join(folder, read.path).replace(/\/$/, '')
    return folders.has(path)
      ? []
      : [{ object: `module ${path}`, state: 'its files were not sent', hint: 'Install the modules with: terraform get' }]
  })
}

async function readExisting({ lockFile, program }: ConfigurationInput): Promise<ExistingLocks> {
  if (lockFile !== undefined) return readLockFile(lockFile)
  return program === 'tofu' ? NO_TOFU_LOCKS : NO_LOCKS
}

interface Choosing {
  readonly requirement: Requirement
  readonly existing: ExistingLocks
  readonly input: ConfigurationInput
  readonly asker: Asker
}

async function choose(deps: BundlesDeps, { requirement, existing, input, asker }: Choosing): Promise<WantedProvider | MissingItem> {
  const { address } = requirement
  const { platforms } = input
  const previous = existing.blocks.get(lockAddress(address))
  const choice = await chooseVersion(deps, requirement, { ...asker, previous, upgrade: false })
  if (choice.kind === 'chosen') return { address, version: choice.version.version, platforms }
  if (choice.kind === 'kept') return { address, version: choice.block.version, platforms }
  return { object: choice.problem.address, state: choice.problem.state, hint: LOAD_IT }
}
