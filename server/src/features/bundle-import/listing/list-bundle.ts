import type {
  BundleManifest,
  BundleModule,
  BundleModuleSource,
  BundleObject,
  BundleProvider,
} from '@terrace/protocol/bundle/bundle-manifest.ts'
import { moduleArchivePath, packagePath, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { RegistryError } from '../../../base/errors.ts'
import { openManifest, type SignedManifest } from '../../bundle-files/index.ts'
import type { ImportDeps } from '../import-deps.ts'
import type { ImportListing, ListedFile, ListedModule, ListedVersion } from './import-listing.ts'

/** A manifest and its signature, as they lie beside the parts. */
export interface BundleFiles {
  /** The exact bytes. */
  readonly manifest: Uint8Array
  /** Binary detached signature. */
  readonly signature: Uint8Array
}

/**
 * Reads a manifest that a key of `bundles.trusted_keys` has signed.
 * @throws {RegistryError} INVALID_BUNDLE, INVALID_SIGNATURE
 */
export async function listBundle({ config, clock }: Pick<ImportDeps, 'config' | 'clock'>, files: BundleFiles): Promise<ImportListing> {
  const { manifest: text, signature } = files
  const signed = await openManifest({ text, signature, pinned: undefined, now: clock.now() })
  if (!config.bundles.trustedKeys.some((key) => sameFingerprint(key, signed.fingerprint))) throw foreignBundle(signed)
  return listingOf(signed)
}

function sameFingerprint(configured: string, fingerprint: string): boolean {
  return configured.replace(/[\s:]/g, '').toUpperCase() === fingerprint
}

function foreignBundle({ manifest: { name }, fingerprint }: SignedManifest): RegistryError {
  return new RegistryError(
    'INVALID_SIGNATURE',
    `Cannot import bundle "${name}": the key ${fingerprint} that signed it is not trusted here`,
    {
      hint: 'Compare the fingerprint with the people of the other registry, then add it to "bundles.trusted_keys"',
      detail: { reason: 'unknown_issuer', found: fingerprint },
    },
  )
}

function listingOf({ manifest, fingerprint }: SignedManifest): ImportListing {
  const objects = new Map(manifest.objects.map((object) => [object.path, object]))
  const fileAt = (path: string): ListedFile => toFile(objects.get(path), path)
  return {
    kind: 'bundle',
    name: manifest.name,
    signedBy: fingerprint,
    keys: manifest.keys.map((key) => ({ fingerprint: key.fingerprint, asciiArmor: key.ascii_armor })),
    versions: manifest.providers.flatMap((provider) => listVersions(provider, fileAt)),
    modules: manifest.modules.flatMap((module) => listModules(module, fileAt)),
  }
}

type FileAt = (path: string) => ListedFile

function toFile(object: BundleObject | undefined, path: string): ListedFile {
  if (object === undefined) throw new Error(`The manifest was read and lacks "${path}"`)
  return { size: object.size, sha256: object.sha256, isHere: object.part !== null }
}

function listVersions(provider: BundleProvider, fileAt: FileAt): ListedVersion[] {
  const { hostname, namespace, type }: BundleManifest['providers'][number] = provider
  return provider.versions.map(({ version, protocols, signed_by: signedBy, signing_key: signingKey, packages }) => ({
    address: { hostname, namespace, type },
    version,
    protocols,
    signingKey,
    isUnsigned: signedBy === 'unsigned',
    shasums: fileAt(shasumsPath(provider, version)),
    signature: fileAt(signaturePath(provider, version)),
    packages: packages.flatMap(({ platform: text, h1, zh }) => {
      const platform = parsePlatform(text)
      if (platform === undefined) return []
      const filename = expectedPackageFilename({ type, version, ...platform })
      return [{ ...fileAt(packagePath(provider, version, text)), platform, filename, hashes: [h1, zh] }]
    }),
  }))
}

function listModules(module: BundleModule, fileAt: FileAt): ListedModule[] {
  const { hostname, namespace, name, system, description, source_url: sourceUrl } = module
  return module.versions.map(({ version, commit_sha: commitSha, fetched_from: source }) => ({
    hostname,
    address: { namespace, name, system },
    version,
    fetchedFrom: source && fetchedFrom(source, commitSha),
    description,
    sourceUrl,
    archive: fileAt(moduleArchivePath(module, version)),
  }))
}

function fetchedFrom(source: BundleModuleSource, commitSha: string | null): NonNullable<ListedModule['fetchedFrom']> {
  const { content_sha256: contentSha256, kind: sourceKind, url: sourceUrl, ref: gitRef, received_sha256: receivedSha256, subdir } = source
  return { contentSha256, origin: { sourceKind, sourceUrl, gitRef, commitSha, receivedSha256 }, subdir }
}
