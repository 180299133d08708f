import { createHash } from 'node:crypto'
import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { BundleKey, BundleProvider, BundleProviderVersion } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { packagePath, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { lockAddress } from '@terrace/protocol/lock-file.ts'
import { bareHostname, findLockable } from '../../lock-file/index.ts'
import { mayRead } from '../../namespaces/index.ts'
import { behind, type CatalogProvider, type CatalogVersion, SELF_HOSTNAME } from '../../providers/index.ts'
import { listSignedVersions, type SignedVersionRow } from '../bundle-queries.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { type Asker, LOAD_IT, type MissingItem, PUBLISH_IT, type WantedProvider } from '../selection/wanted.ts'
import type { BundleFile, Contents } from './contents.ts'

/** A version with the packages that are wanted of it. */
interface FoundVersion {
  readonly provider: CatalogProvider
  readonly version: CatalogVersion
  readonly platforms: readonly string[]
}

/**
 * The providers of a selection with their packages and signed lists. What is not held is missing, with a link where following it
 * brings the package.
 * @throws {RegistryError} UPSTREAM_* when nothing is held and the upstream does not answer.
 */
export async function collectProviders(
  deps: BundlesDeps,
  asker: Asker,
  wanted: readonly WantedProvider[],
): Promise<Omit<Contents, 'modules'>> {
  const missing: MissingItem[] = []
  const found = new Map<string, FoundVersion>()
  for (const one of wanted) {
    const version = await findWanted(deps, asker, { wanted: one, missing })
    if (version === undefined) continue
    const key = `${formatProviderAddress(version.provider.address)} ${version.version.version}`
    const platforms = [...new Set([...(found.get(key)?.platforms ?? []), ...version.platforms])]
    found.set(key, { ...version, platforms })
  }
  return { ...(await present(deps, asker, [...found.values()])), missing }
}

interface Finding {
  readonly wanted: WantedProvider
  readonly missing: MissingItem[]
}

async function findWanted(deps: BundlesDeps, asker: Asker, { wanted, missing }: Finding): Promise<FoundVersion | undefined> {
  const object = `${lockAddress(wanted.address)} ${wanted.version}`
  const { provider, links } = await examine(deps, asker, wanted)
  const version = provider?.byVersion.get(wanted.version)
  if (version?.blocked) {
    missing.push({ object, state: 'it is blocked here', hint: 'Unblock it, or choose another version' })
    return undefined
  }
  const held = version?.packages.map(({ os, arch }) => `${os}_${arch}`) ?? []
  const hint = bareHostname(wanted.address) === asker.own ? PUBLISH_IT : LOAD_IT
  missing.push(...listMissing(wanted, held, { object, links, hint }))
  const platforms = wanted.platforms.length === 0 ? held : wanted.platforms.filter((name) => held.includes(name))
  return provider === undefined || version === undefined || platforms.length === 0 ? undefined : { provider, version, platforms }
}

interface Examined {
  readonly provider: CatalogProvider | undefined
  /** By platform: what brings a package that is not held. */
  readonly links: ReadonlyMap<string, string>
}

async function examine(deps: BundlesDeps, asker: Asker, { address, version }: WantedProvider): Promise<Examined> {
  const lockable = await findLockable(deps, address, { ...asker, wanted: version })
  const provider = lockable?.held
  if (provider !== undefined && !mayRead(asker.actor, 'providers', provider.namespace)) return { provider: undefined, links: new Map() }
  const offered = lockable?.offered === undefined ? undefined : await deps.onDemand?.findPackages(lockable.offered, version)
  return { provider, links: new Map(offered?.packages.map(({ os, arch, link }) => [`${os}_${arch}`, behind(asker.base, link)])) }
}

function listMissing(
  { platforms }: WantedProvider,
  held: readonly string[],
  { object, links, hint }: { readonly object: string; readonly links: ReadonlyMap<string, string>; readonly hint: string },
): MissingItem[] {
  if (platforms.length === 0) return held.length === 0 ? [nothingHeld(object, [...links.keys()].sort(), hint)] : []
  return platforms.filter((name) => !held.includes(name)).map((name) => notHeld(`${object} ${name}`, links.get(name), hint))
}

function nothingHeld(object: string, offered: readonly string[], otherwise: string): MissingItem {
  const hint = offered.length === 0 ? otherwise : `Name the platforms, of ${offered.join(', ')}, and they are fetched: --platform OS_ARCH`
  return { object, state: 'no package of it is held', hint }
}

function notHeld(object: string, link: string | undefined, hint: string): MissingItem {
  if (link === undefined) return { object, state: 'it is not held', hint }
  return { object, state: 'it is not held yet', hint: 'It comes from its upstream when its link is followed', fetchUrl: link }
}

async function present(
  { database }: BundlesDeps,
  { own }: Asker,
  found: readonly FoundVersion[],
): Promise<Omit<Contents, 'modules' | 'missing'>> {
  const rows = await listSignedVersions(
    database.db,
    found.map(({ version }) => version.id),
  )
  const signed = new Map(rows.map((row) => [row.id, row]))
  const providers = new Map<string, BundleProvider>()
  const keys = new Map<string, BundleKey>()
  const files: BundleFile[] = []
  for (const one of found) {
    const row = signed.get(one.version.id)
    if (row === undefined) throw new Error(`Version ${one.version.id} vanished while a bundle was planned`)
    const address = bundleAddress(one.provider.address, own)
    const name = formatProviderAddress(address)
    const before = providers.get(name) ?? { ...address, ...describeProvider(one.provider, row), versions: [] }
    providers.set(name, { ...before, versions: [...before.versions, presentVersion(one, row)] })
    keys.set(row.signingKeyFingerprint, keyOf(one.provider, row.signingKeyFingerprint))
    files.push(...filesOf(address, one, row))
  }
  return { providers: [...providers.values()], keys: [...keys.values()], files }
}

/** What is published here has our name in the configurations that use it. */
function bundleAddress({ hostname, namespace, type }: ProviderAddress, own: string): ProviderAddress {
  return { hostname: hostname === SELF_HOSTNAME ? own : hostname, namespace, type }
}

function describeProvider({ provider }: CatalogProvider, { origin }: SignedVersionRow): Pick<BundleProvider, 'origin' | 'source_url'> {
  return { origin: origin === 'published' ? 'published' : 'mirrored', source_url: provider.sourceUrl }
}

function presentVersion({ version, platforms }: FoundVersion, row: SignedVersionRow): BundleProviderVersion {
  return {
    version: version.version,
    protocols: [...version.protocols],
    signed_by: row.provenance === 'unsigned' ? 'unsigned' : (row.signedBy as BundleProviderVersion['signed_by']),
    signing_key: row.signingKeyFingerprint,
    packages: packagesOf(version, platforms).map(({ os, arch, h1, zh }) => ({ platform: `${os}_${arch}`, h1, zh })),
  }
}

function keyOf({ publicKeys, address }: CatalogProvider, fingerprint: string): BundleKey {
  const key = publicKeys.get(fingerprint)
  if (key === undefined) throw new Error(`The key ${fingerprint} of ${formatProviderAddress(address)} is not recorded`)
  return { fingerprint, ascii_armor: key.asciiArmor }
}

function filesOf(address: ProviderAddress, { version, platforms }: FoundVersion, row: SignedVersionRow): BundleFile[] {
  return [
    { path: shasumsPath(address, version.version), size: row.shasums.length, sha256: sha256Of(row.shasums) },
    { path: signaturePath(address, version.version), size: row.shasumsSignature.length, sha256: sha256Of(row.shasumsSignature) },
    ...packagesOf(version, platforms).map(({ os, arch, size, zh }) => ({
      path: packagePath(address, version.version, `${os}_${arch}`),
      size,
      sha256: zh.slice('zh:'.length),
    })),
  ]
}

function packagesOf({ packages }: CatalogVersion, platforms: readonly string[]): CatalogVersion['packages'] {
  return packages.filter(({ os, arch }) => platforms.includes(`${os}_${arch}`))
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
