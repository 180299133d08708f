import { createHash } from 'node:crypto'
import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { BundleKey, BundleProvider, BundleProviderVersion } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { packagePath, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { type CatalogProvider, type CatalogVersion, SELF_HOSTNAME } from '../../providers/index.ts'
import { listSignedVersions, type SignedVersionRow } from '../bundle-queries.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import type { Asker, WantedProvider } from '../selection/wanted.ts'
import type { BundleFile, Contents } from './contents.ts'
import { type FoundVersion, findVersions } from './find-versions.ts'

/**
 * The providers of a selection with their packages and signed lists.
 * @throws {RegistryError} UPSTREAM_* when nothing is held and the upstream does not answer.
 */
export async function collectProviders(
  deps: BundlesDeps,
  asker: Asker,
  wanted: readonly WantedProvider[],
): Promise<Omit<Contents, 'modules'>> {
  const { found, missing } = await findVersions(deps, asker, wanted)
  return { ...(await present(deps, asker, found)), missing }
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
