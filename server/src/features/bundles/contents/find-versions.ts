import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { lockAddress } from '@terrace/protocol/lock-file.ts'
import { bareHostname, findLockable } from '../../lock-file/index.ts'
import { mayRead } from '../../namespaces/index.ts'
import { behind, type CatalogProvider, type CatalogVersion } from '../../providers/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { type Asker, LOAD_IT, type MissingItem, PUBLISH_IT, type WantedProvider } from '../selection/wanted.ts'

/** A version with the packages that are wanted of it. */
export interface FoundVersion {
  readonly provider: CatalogProvider
  readonly version: CatalogVersion
  readonly platforms: readonly string[]
}

/** What there is of a selection, and what there is not. */
export interface Findings {
  /** Each version once. */
  readonly found: readonly FoundVersion[]
  readonly missing: readonly MissingItem[]
}

/**
 * Looks wanted versions up, each provider once. What is not held is missing, with a link where following it brings the package.
 * @throws {RegistryError} UPSTREAM_* when nothing is held and the upstream does not answer.
 */
export async function findVersions(deps: BundlesDeps, asker: Asker, wanted: readonly WantedProvider[]): Promise<Findings> {
  const missing: MissingItem[] = []
  const found = new Map<string, FoundVersion>()
  for (const versions of Map.groupBy(wanted, ({ address }) => lockAddress(address)).values()) {
    const provider = await findHeld(deps, asker, versions)
    for (const one of versions) {
      const result = await findVersion(deps, asker, { wanted: one, provider })
      missing.push(...result.missing)
      if (result.found !== undefined) add(found, result.found)
    }
  }
  return { found: [...found.values()], missing }
}

function add(found: Map<string, FoundVersion>, { provider, version, platforms }: FoundVersion): void {
  const key = `${formatProviderAddress(provider.address)} ${version.version}`
  const before = found.get(key)?.platforms ?? []
  found.set(key, { provider, version, platforms: [...new Set([...before, ...platforms])] })
}

async function findHeld(deps: BundlesDeps, asker: Asker, [first]: readonly WantedProvider[]): Promise<CatalogProvider | undefined> {
  const held = first && (await findLockable({ ...deps, onDemand: undefined }, first.address, { ...asker, wanted: undefined }))?.held
  return held !== undefined && mayRead(asker.actor, 'providers', held.namespace) ? held : undefined
}

interface Finding {
  readonly wanted: WantedProvider
  readonly provider: CatalogProvider | undefined
}

interface Result {
  readonly found?: FoundVersion
  readonly missing: readonly MissingItem[]
}

async function findVersion(deps: BundlesDeps, asker: Asker, { wanted, provider }: Finding): Promise<Result> {
  const object = `${lockAddress(wanted.address)} ${wanted.version}`
  const version = provider?.byVersion.get(wanted.version)
  if (version?.blocked) return { missing: [{ object, state: 'it is blocked here', hint: 'Unblock it, or choose another version' }] }
  const held = version?.packages.map(({ os, arch }) => `${os}_${arch}`) ?? []
  const missing = await listMissing(deps, asker, { wanted, held, object })
  const platforms = wanted.platforms.length === 0 ? held : wanted.platforms.filter((name) => held.includes(name))
  if (provider === undefined || version === undefined || platforms.length === 0) return { missing }
  return { found: { provider, version, platforms }, missing }
}

interface Lack {
  readonly wanted: WantedProvider
  readonly held: readonly string[]
  readonly object: string
}

async function listMissing(deps: BundlesDeps, asker: Asker, { wanted, held, object }: Lack): Promise<MissingItem[]> {
  const names = wanted.platforms.filter((name) => !held.includes(name))
  const lacksAll = wanted.platforms.length === 0 && held.length === 0
  if (names.length === 0 && !lacksAll) return []
  const links = await findLinks(deps, asker, wanted)
  const hint = bareHostname(wanted.address) === asker.own ? PUBLISH_IT : LOAD_IT
  if (lacksAll) return [nothingHeld(object, [...links.keys()].sort(), hint)]
  return names.map((name) => notHeld(`${object} ${name}`, links.get(name), hint))
}

/** By platform: what brings a package that is not held. */
async function findLinks(deps: BundlesDeps, asker: Asker, { address, version }: WantedProvider): Promise<ReadonlyMap<string, string>> {
  if (deps.onDemand === undefined) return new Map()
  const { offered } = (await findLockable(deps, address, { ...asker, wanted: version })) ?? {}
  const packages = offered && (await deps.onDemand.findPackages(offered, version))
  return new Map(packages?.packages.map(({ os, arch, link }) => [`${os}_${arch}`, behind(asker.base, link)]))
}

function nothingHeld(object: string, offered: readonly string[], otherwise: string): MissingItem {
  const hint = offered.length === 0 ? otherwise : `Name the platforms, of ${offered.join(', ')}, and they are fetched: --platform OS_ARCH`
  return { object, state: 'no package of it is held', hint }
}

function notHeld(object: string, link: string | undefined, hint: string): MissingItem {
  if (link === undefined) return { object, state: 'it is not held', hint }
  return { object, state: 'it is not held yet', hint: 'It comes from its upstream when its link is followed', fetchUrl: link }
}
