import { posix } from 'node:path'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { Requirement } from '../../lock-file/index.ts'
import type { ModuleAnalysis, ModulePart } from '../../module-analysis/index.ts'
import type { ModulesDeps } from '../../modules/index.ts'
import { mayRead } from '../../namespaces/index.ts'
import { findModuleAnalysis } from '../bundle-queries.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { followPublicModule } from './follow-public-module.ts'
import { findMatching } from './match-versions.ts'
import { type ModuleSource, readModuleSource } from './module-source.ts'
import { type Call, Walk } from './walk.ts'
import type { Asker, MissingItem, WantedModule } from './wanted.ts'

type CatalogModule = NonNullable<Awaited<ReturnType<ModulesDeps['modules']['find']>>['found']>

/** Modules that calls lead to, and what those need in turn. */
export interface SelectedModules {
  readonly modules: readonly WantedModule[]
  /** Providers that the modules need, as they write them. */
  readonly providers: readonly { readonly source: string; readonly version: string }[]
  /** The same, of modules that came from upstreams. */
  readonly requirements: readonly Requirement[]
  readonly missing: readonly MissingItem[]
}

/** A circle of modules ends by itself, as each is taken once; this bounds chains. */
const MAX_MODULES = 500

/** Follows calls through the modules that are held here. Nothing is run: what they call is read from their files. */
export async function selectModules(
  deps: BundlesDeps,
  asker: Asker,
  { calls, defaultHostname }: { readonly calls: readonly Call[]; readonly defaultHostname: string },
): Promise<SelectedModules> {
  const walk = new Walk()
  const queue = [...calls]
  for (let call = queue.shift(); call !== undefined && walk.modules.size < MAX_MODULES; call = queue.shift()) {
    queue.push(...(await follow(deps, asker, { call, defaultHostname, walk })))
  }
  const { providers, requirements } = walk
  return { modules: [...walk.modules.values()], providers, requirements, missing: [...walk.missing.values()] }
}

interface Step {
  readonly call: Call
  /** Host of sources that name none. */
  readonly defaultHostname: string
  readonly walk: Walk
}

async function follow(deps: BundlesDeps, asker: Asker, { call, defaultHostname, walk }: Step): Promise<Call[]> {
  const source = readModuleSource(call.source)
  if (source.kind === 'local') return []
  if (source.kind === 'other') {
    const hint = `Publish it here and use it as ${asker.own}/NAMESPACE/NAME/SYSTEM, or carry it by other means`
    walk.miss({ object: `module ${call.source}`, state: 'this registry does not hold it', hint })
    return []
  }
  const { hostname = defaultHostname } = source
  if (hostname !== asker.own) return followPublicModule(deps, asker, { call, source, hostname, defaultHostname, walk })
  return followOwnModule(deps, asker, { call, source, walk })
}

interface OwnStep extends Pick<Step, 'call' | 'walk'> {
  readonly source: Extract<ModuleSource, { readonly kind: 'registry' }>
}

async function followOwnModule(deps: BundlesDeps, asker: Asker, { call, source, walk }: OwnStep): Promise<Call[]> {
  const { found } = await deps.modules.find(source.address)
  const name = formatModuleAddress(source.address)
  const object = `module ${name}`
  if (found === undefined || !mayRead(asker.actor, 'modules', found.namespace)) {
    walk.miss({ object, state: 'this registry does not hold it', hint: 'Publish it with: terrace module publish' })
    return []
  }
  const row = chooseModuleVersion(found, call.version)
  if (row === undefined) {
    const hint = `Look at the versions with: terrace module show ${name}`
    walk.miss({ object, state: `no version matches ${quote(call.version)}`, hint })
    return []
  }
  const address = formatModuleAddress(found.address)
  walk.modules.set(`${address} ${row.version}`, { hostname: undefined, name: address, version: row.version })
  if (!walk.enter(`${address} ${row.version} ${source.folder}`)) return []
  return readNeeds(await readAnalysis(deps, row.id), source.folder, walk)
}

function chooseModuleVersion({ versions }: CatalogModule, text: string): CatalogModule['versions'][number] | undefined {
  const version = findMatching(
    versions.map((row) => row.version),
    text,
  )
  return versions.find((row) => row.version === version)
}

async function readAnalysis({ database }: BundlesDeps, versionId: string): Promise<ModuleAnalysis | undefined> {
  const text = await findModuleAnalysis(database.db, versionId)
  return text === undefined ? undefined : decodeJson<ModuleAnalysis>(text)
}

/** The folder that is called, and the folders of the module that this one calls. */
function readNeeds(analysis: ModuleAnalysis | undefined, folder: string, walk: Walk): Call[] {
  const parts = new Map(
    [analysis?.root, ...(analysis?.submodules ?? []), ...(analysis?.examples ?? [])].flatMap((part) => (part ? [[part.path, part]] : [])),
  )
  const calls: Call[] = []
  const seen = new Set<string>()
  const visit = (path: string): void => {
    const part: ModulePart | undefined = parts.get(path)
    if (part === undefined || seen.has(path)) return
    seen.add(path)
    walk.providers.push(...part.required_providers.map(({ source, version }) => ({ source, version })))
    for (const { source, version = '' } of part.module_calls) {
      const read = readModuleSource(source)
      if (read.kind === 'local') visit(posix.join(path, read.path).replace(/^\.?\/*$/, ''))
      else calls.push({ source, version })
    }
  }
  visit(posix.normalize(folder).replace(/^\.$|\/$/g, ''))
  return calls
}
