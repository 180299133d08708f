import { posix } from 'node:path'
import { type Constraint, ConstraintError, matchesConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { ModuleAnalysis, ModulePart } from '../../module-analysis/index.ts'
import type { ModulesDeps } from '../../modules/index.ts'
import { mayRead } from '../../namespaces/index.ts'
import { findModuleAnalysis } from '../bundle-queries.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { type ModuleSource, readModuleSource } from './module-source.ts'
import type { Asker, MissingItem, WantedModule } from './wanted.ts'

type CatalogModule = NonNullable<Awaited<ReturnType<ModulesDeps['modules']['find']>>['found']>

/** A call as a configuration or an analysis has it. */
export interface Call {
  readonly source: string
  /** Constraints; empty when there are none. */
  readonly version: string
}

/** Modules that calls lead to, and what those need in turn. */
export interface SelectedModules {
  readonly modules: readonly WantedModule[]
  /** Providers that the modules need, as they write them. */
  readonly providers: readonly { readonly source: string; readonly version: string }[]
  readonly missing: readonly MissingItem[]
}

/** A circle of modules ends by itself, as each is taken once; this bounds chains. */
const MAX_MODULES = 500

/** Follows calls through the modules that are held here. Nothing is run: what a module calls was read when it was published. */
export async function selectModules(deps: BundlesDeps, asker: Asker, calls: readonly Call[]): Promise<SelectedModules> {
  const state = new Walk()
  const queue = [...calls]
  for (let call = queue.shift(); call !== undefined && state.modules.size < MAX_MODULES; call = queue.shift()) {
    queue.push(...(await follow(deps, asker, { call, state })))
  }
  return { modules: [...state.modules.values()], providers: state.providers, missing: [...state.missing.values()] }
}

class Walk {
  readonly modules = new Map<string, WantedModule>()
  readonly missing = new Map<string, MissingItem>()
  readonly providers: { source: string; version: string }[] = []
  readonly #parts = new Set<string>()

  /** Whether this part of a module is new. */
  enter(name: string): boolean {
    if (this.#parts.has(name)) return false
    this.#parts.add(name)
    return true
  }

  miss(object: string, state: string, hint: string): void {
    this.missing.set(object, { object, state, hint })
  }
}

interface Step {
  readonly call: Call
  readonly state: Walk
}

async function follow(deps: BundlesDeps, asker: Asker, { call, state }: Step): Promise<Call[]> {
  const source = readModuleSource(call.source)
  if (source.kind === 'local') return []
  if (source.kind === 'other' || (source.hostname ?? '') !== asker.own) {
    state.miss(`module ${call.source}`, 'this registry does not hold it', describeForeign(source, asker.own))
    return []
  }
  const { found } = await deps.modules.find(source.address)
  const name = formatModuleAddress(source.address)
  if (found === undefined || !mayRead(asker.actor, 'modules', found.namespace)) {
    state.miss(`module ${name}`, 'this registry does not hold it', 'Publish it with: terrace module publish')
    return []
  }
  const row = chooseModuleVersion(found, call.version)
  if (row === undefined) {
    state.miss(`module ${name}`, `no version matches ${quote(call.version)}`, `Look at the versions with: terrace module show ${name}`)
    return []
  }
  const address = formatModuleAddress(found.address)
  state.modules.set(`${address} ${row.version}`, { name: address, version: row.version })
  if (!state.enter(`${address} ${row.version} ${source.folder}`)) return []
  return readNeeds(await readAnalysis(deps, row.id), source.folder, state)
}

function describeForeign(source: ModuleSource, own: string): string {
  return source.kind === 'other'
    ? `Publish it here and use it as ${own}/NAMESPACE/NAME/SYSTEM, or carry it by other means`
    : 'Publish it here, or carry it by other means'
}

function chooseModuleVersion({ versions }: CatalogModule, text: string): CatalogModule['versions'][number] | undefined {
  const constraints = readConstraints(text)
  return constraints && versions.find(({ version }) => matchesConstraints(version, constraints))
}

/** Nothing matches what cannot be read. */
function readConstraints(text: string): Constraint[] | undefined {
  try {
    return text.trim() === '' ? [] : parseConstraints(text)
  } catch (error) {
    if (error instanceof ConstraintError) return undefined
    throw error
  }
}

async function readAnalysis({ database }: BundlesDeps, versionId: string): Promise<ModuleAnalysis | undefined> {
  const text = await findModuleAnalysis(database.db, versionId)
  return text === undefined ? undefined : decodeJson<ModuleAnalysis>(text)
}

/** The folder that is called, and the folders of the module that this one calls. */
function readNeeds(analysis: ModuleAnalysis | undefined, folder: string, state: Walk): Call[] {
  const parts = new Map(
    [analysis?.root, ...(analysis?.submodules ?? []), ...(analysis?.examples ?? [])].flatMap((part) => (part ? [[part.path, part]] : [])),
  )
  const calls: Call[] = []
  const seen = new Set<string>()
  const visit = (path: string): void => {
    const part: ModulePart | undefined = parts.get(path)
    if (part === undefined || seen.has(path)) return
    seen.add(path)
    state.providers.push(...part.required_providers.map(({ source, version }) => ({ source, version })))
    for (const { source, version = '' } of part.module_calls) {
      const read = readModuleSource(source)
      if (read.kind === 'local') visit(posix.join(path, read.path).replace(/^\.?\/*$/, ''))
      else calls.push({ source, version })
    }
  }
  visit(posix.normalize(folder).replace(/^\.$|\/$/g, ''))
  return calls
}
