import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename, shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../base/errors.ts'
import type { PackageIdentity } from '../mirror/index.ts'
import type { CatalogProvider, OfferedPackage, OfferedPackages, OfferedProvider, ProvidersOnDemand } from '../providers/index.ts'
import { listPublicKeys } from '../trust/index.ts'
import type { UpstreamVersion } from '../upstreams/index.ts'
import { isRefused, type MergedProvider, mergeProvider, readRefusals } from './merge-provider.ts'
import { providerLists } from './provider-lists.ts'
import { createPulls } from './pull-items.ts'
import { packagePulls } from './pull-package.ts'
import type { VersionReadDeps } from './pull-through-deps.ts'
import { createSignedVersions, readHeldVersion, type SignedVersion, type SignedVersions } from './signed/signed-versions.ts'
import { createVersionLists, type KnownList, type ListAnswer, type VersionLists } from './version-lists.ts'
import { WAITS, type Waits } from './waits.ts'

/** Providers on demand, and their files. */
export interface PullThrough extends ProvidersOnDemand {
  /** See `Pulls.pull`. */
  pullPackage(wanted: PackageIdentity): Promise<void>
  /** The signed checksum list of an offered version; `undefined` for one that is not offered. */
  findSigned(provider: OfferedProvider, version: string): Promise<SignedVersion | undefined>
}

const MAX_MERGED = 1_000
const NO_LIST: KnownList<UpstreamVersion> = { versions: [], names: new Set(), fetchedAt: 0 }

/**
 * Asks `mirror.upstreams` for what is not held and policies let in. Claimed namespaces are never asked for anywhere: that stands above
 * the rules (C10, dependency confusion).
 */
export function createPullThrough(deps: VersionReadDeps, waits: Waits = WAITS): PullThrough {
  const pulls = createPulls(deps, packagePulls(deps))
  const merging = new Merging(deps)
  const lists = createVersionLists(deps, providerLists(deps), waits)
  const signed = createSignedVersions(deps, waits)
  const hostnames = new Set(deps.config.mirror.upstreams)
  const findSigned = (provider: OfferedProvider, version: string) => readSigned(deps, signed, { merged: merging.of(provider), version })
  return {
    pullPackage: (wanted) => pulls.pull(wanted, waits.packageMs),
    findSigned,
    async find(address, { held, wanted }) {
      if (!hostnames.has(address.hostname)) return undefined
      const [{ allowed }, rules] = await Promise.all([deps.policy.decide({ ...address, onDemand: true }), deps.policy.rules()])
      if (!allowed) return undefined
      const { list, staleSeconds } = await readList(lists, { address, held, wanted })
      if (list === undefined) return undefined
      const { provider } = await merging.merge(address, { held, list, rules })
      return held === undefined && provider.versions.length === 0 ? undefined : { ...provider, staleSeconds }
    },
    async findPackages(provider, version) {
      const merged = merging.of(provider)
      try {
        const list = await findSigned(provider, version)
        return list && (await presentPackages(deps, { merged, version, list }))
      } catch (error) {
        // What is held is served, also while the database is away (P5).
        if (error instanceof RegistryError && merged.held?.byVersion.has(version)) return undefined
        throw error
      }
    },
  }
}

interface ListRequest {
  readonly address: ProviderAddress
  readonly held: CatalogProvider | undefined
  readonly wanted: string | undefined
}

/** What is held answers also when no list can be had (P5). */
async function readList(
  lists: VersionLists<ProviderAddress, UpstreamVersion>,
  { address, held, wanted }: ListRequest,
): Promise<ListAnswer<UpstreamVersion>> {
  const isHeld = wanted !== undefined && held?.byVersion.get(wanted) !== undefined
  const dispensable = held !== undefined && held.versions.length > 0
  try {
    return await lists.read(address, { wanted: isHeld ? undefined : wanted, dispensable })
  } catch (error) {
    if (dispensable && error instanceof RegistryError) return { list: NO_LIST, staleSeconds: 1 }
    throw error
  }
}

/** Merged providers, made once per state of what is held and what is offered. */
class Merging {
  readonly #deps: VersionReadDeps
  readonly #latest = new LRUCache<string, MergedProvider>({ max: MAX_MERGED })
  readonly #origins = new WeakMap<object, MergedProvider>()

  constructor(deps: VersionReadDeps) {
    this.#deps = deps
  }

  async merge(address: ProviderAddress, from: Pick<MergedProvider, 'held' | 'list' | 'rules'>): Promise<MergedProvider> {
    const key = formatProviderAddress(address)
    const known = this.#latest.get(key)
    if (known !== undefined && this.#isCurrent(known, from)) return known
    const merged = mergeProvider(address, { ...from, refusals: await readRefusals(this.#deps, address, from) })
    this.#latest.set(key, merged)
    this.#origins.set(merged.provider.rendered, merged)
    return merged
  }

  #isCurrent({ held, list, rules, refusals }: MergedProvider, from: Pick<MergedProvider, 'held' | 'list' | 'rules'>): boolean {
    const isSame = held === from.held && list === from.list && rules === from.rules
    return isSame && this.#deps.clock.now() < refusals.until
  }

  of(provider: OfferedProvider): MergedProvider {
    const merged = this.#origins.get(provider.rendered)
    if (merged === undefined) throw new TypeError('The provider was not made here')
    return merged
  }
}

interface WantedSigned {
  readonly merged: MergedProvider
  readonly version: string
}

/** The stored list where it covers what is offered, else the upstream's; `undefined` where nothing is missing or offered. */
async function readSigned(deps: VersionReadDeps, signed: SignedVersions, wanted: WantedSigned): Promise<SignedVersion | undefined> {
  const { merged, version } = wanted
  const offered = merged.list.versions.find((item) => item.version === version)
  if (offered === undefined || merged.refusals.names.has(version)) return undefined
  const { address } = merged.provider
  const stored = await readHeldVersion(deps, merged.held, version)
  const filenames = offered.platforms
    .filter((platform) => !isHeldOrRefused(wanted, platform))
    .map((platform) => expectedPackageFilename({ type: address.type, version, ...platform }))
  if (stored !== undefined && filenames.every((filename) => stored.entries.has(filename))) return stored
  try {
    return await signed.read({ address, version, platforms: offered.platforms })
  } catch (error) {
    const isMissing = error instanceof RegistryError && error.code === 'PROVIDER_PLATFORM_NOT_FOUND'
    if (stored !== undefined || isMissing) return stored
    throw error
  }
}

function isHeldOrRefused({ merged, version }: WantedSigned, platform: Platform): boolean {
  const packages = merged.held?.byVersion.get(version)?.packages ?? []
  const isHeld = packages.some(({ os, arch }) => os === platform.os && arch === platform.arch)
  return isHeld || isRefused(merged.refusals, version, platform)
}

async function presentPackages(
  { database, linkSigner, config }: VersionReadDeps,
  { list, ...wanted }: WantedSigned & { readonly list: SignedVersion },
): Promise<OfferedPackages> {
  const { address } = wanted.merged.provider
  const { version } = wanted
  const key = (await listPublicKeys(database.db, address)).get(list.fingerprint)
  if (key === undefined) throw new Error(`No public key with fingerprint ${list.fingerprint} is recorded`)
  const link = (filename: string) => linkSigner.sign(pullPath(address, version, filename), config.downloads.linkLifeSeconds)
  const name = { type: address.type, version }
  return {
    protocols: list.protocols,
    packages: listOffered(wanted, list).map((item) => ({ ...item, link: link(item.filename) })),
    links: { shasums: link(shasumsFilename(name)), signature: link(signatureFilename(name)) },
    key,
  }
}

/** What the list has signed for, of the platforms that the upstream offers; of all where it does not say. */
function listOffered(wanted: WantedSigned, { entries }: SignedVersion): Omit<OfferedPackage, 'link'>[] {
  const { merged, version } = wanted
  const offered = merged.list.versions.find((item) => item.version === version)?.platforms ?? []
  const platforms = offered.length > 0 ? offered : [...entries.keys()].map((name) => platformOf(merged.provider.address, version, name))
  return platforms.flatMap((platform) => {
    if (platform === undefined || isHeldOrRefused(wanted, platform)) return []
    const filename = expectedPackageFilename({ type: merged.provider.address.type, version, ...platform })
    const sha256 = entries.get(filename)
    return sha256 === undefined ? [] : [{ ...platform, filename, zh: `zh:${sha256}` }]
  })
}

/** The platform that a file name of a version is for; `undefined` when it is no package's. */
export function platformOf({ type }: ProviderAddress, version: string, filename: string): Platform | undefined {
  const start = `terraform-provider-${type}_${version}_`
  return filename.startsWith(start) && filename.endsWith('.zip') ? parsePlatform(filename.slice(start.length, -'.zip'.length)) : undefined
}

/** Path of a file that comes on demand. */
export function pullPath(address: ProviderAddress, version: string, filename: string): string {
  return `/pull/${formatProviderAddress(address)}/${version}/${filename}`
}
