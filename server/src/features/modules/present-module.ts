import type {
  ListMeta,
  ModuleDetailDocument,
  ModulePartDocument,
  ModuleSummaryDocument,
  ModuleVersionsDocument,
} from '@terrace/protocol/documents/module-documents.ts'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { ModuleAnalysis, ModulePart } from '../module-analysis/index.ts'
import type { CatalogModule } from './module-catalog.ts'
import type { ModuleRow, ModuleVersionRow } from './module-queries.ts'

/** The versions list of the module registry protocol, newest first. Source: protocol.md 2.3. */
export function presentModuleVersions({ module, address, versions }: CatalogModule): ModuleVersionsDocument {
  return {
    modules: [{ source: module.sourceUrl ?? formatModuleAddress(address), versions: versions.map(({ version }) => ({ version })) }],
  }
}

/** What lists say of a module: its latest version. Source: protocol.md 6.4. */
export function presentSummary(
  module: ModuleRow,
  latest: Pick<ModuleVersionRow, 'version' | 'createdAt'>,
  downloads: number,
): ModuleSummaryDocument {
  const { namespace, name, system } = module
  return {
    id: `${namespace}/${name}/${system}/${latest.version}`,
    owner: namespace,
    namespace,
    name,
    version: latest.version,
    provider: system,
    provider_logo_url: '',
    description: module.description,
    source: module.sourceUrl ?? '',
    tag: `v${latest.version}`,
    published_at: new Date(latest.createdAt).toISOString(),
    downloads,
    verified: false,
  }
}

/** The same for the user interface, which also shows the state. */
export function presentFound(module: ModuleRow, latest: Pick<ModuleVersionRow, 'version' | 'createdAt'>, downloads: number) {
  return {
    ...presentSummary(module, latest, downloads),
    system: module.system,
    latest_version: latest.version,
    download_count: downloads,
    deprecated: module.deprecatedAt !== null,
    deprecation_message: module.deprecationMessage,
    successor: module.successor,
  }
}

export interface DetailFacts {
  readonly row: ModuleVersionRow
  readonly analysis: ModuleAnalysis
  readonly readme: string
  /** Of all versions together. */
  readonly downloads: number
  /** Of this version. */
  readonly versionDownloads: number
  /** Systems for which a module of this name exists. */
  readonly systems: readonly string[]
}

/** One version with everything the public registry's detail document has. Source: protocol.md 6.4. */
export function presentDetail({ module, versions }: CatalogModule, facts: DetailFacts): ModuleDetailDocument {
  const { row, analysis, readme, downloads, systems } = facts
  return {
    ...presentSummary(module, row, downloads),
    root: { ...presentPart(analysis.root), readme },
    submodules: analysis.submodules.map(presentPart),
    examples: analysis.examples.map(presentPart),
    providers: [...systems],
    versions: versions.map(({ version }) => version),
    deprecation: presentDeprecation(module, row),
  }
}

function presentDeprecation(module: ModuleRow, row: ModuleVersionRow): ModuleDetailDocument['deprecation'] {
  const mark = [row, module].find(({ deprecatedAt }) => deprecatedAt !== null)
  return mark === undefined ? null : { reason: mark.deprecationMessage ?? '', link: mark.successor ?? '' }
}

const PUBLIC_HOST = /^registry\.terraform\.io\//

function presentPart(part: ModulePart): ModulePartDocument {
  return {
    path: part.path,
    name: part.name,
    readme: part.readme?.markdown ?? '',
    empty: part.empty,
    inputs: part.inputs.map(({ name, type, description, default: value, required }) => ({
      name,
      type,
      description,
      default: value ?? '',
      required,
    })),
    outputs: part.outputs.map(({ name, description }) => ({ name, description })),
    dependencies: part.module_calls.map(({ name, source, version }) => ({ name, source, version: version ?? '' })),
    provider_dependencies: part.required_providers.map(({ name, source, version }) => ({
      name,
      namespace: source.split('/').at(-2) ?? '',
      // As the public registry writes it, without its own host name.
      source: source.replace(PUBLIC_HOST, ''),
      version,
    })),
    resources: part.resources.map(({ name, type }) => ({ name, type })),
  }
}

/** Position in a list. `path` is the list's own address with its other query keys, for the links. */
export function presentMeta(page: { limit: number; offset: number }, total: number, path: string): ListMeta {
  const { limit, offset } = page
  const at = (start: number) => `${path}${path.includes('?') ? '&' : '?'}limit=${limit}&offset=${start}`
  const next = offset + limit
  const previous = Math.max(0, offset - limit)
  return {
    limit,
    current_offset: offset,
    ...(next < total && { next_offset: next, next_url: at(next) }),
    ...(offset > 0 && { prev_offset: previous, prev_url: at(previous) }),
  }
}
