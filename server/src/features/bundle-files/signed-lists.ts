import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import type { BundleManifest, BundleProvider, BundleProviderVersion } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename, parseShasums } from '@terrace/protocol/shasums.ts'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import { verifyShasumsSignature } from '../verification/index.ts'

/** The largest checksum list or signature that is read. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/** Checksum lists of a bundle with their signatures. */
export interface ChainInput {
  readonly manifest: BundleManifest
  /** By path: those that are intact. */
  readonly documents: ReadonlyMap<string, Uint8Array>
  readonly now: UnixMs
}

/** Whether an object is a checksum list or a signature of one. */
export function isSignedListPath(path: string): boolean {
  return /_SHA256SUMS(?:\.sig)?$/.test(path)
}

/** What is wrong with the chain from packages to keys, one phrase each; lists that are not at hand are passed over. */
export async function checkSignedLists(input: ChainInput): Promise<{ readonly object: string; readonly state: string }[]> {
  const problems: { object: string; state: string }[] = []
  for (const provider of input.manifest.providers) {
    for (const version of provider.versions) {
      const states = await checkVersion(input, provider, version)
      problems.push(...states.map((state) => ({ object: `${formatProviderAddress(provider)} ${version.version}`, state })))
    }
  }
  return problems
}

async function checkVersion(
  { manifest, documents, now }: ChainInput,
  provider: BundleProvider,
  version: BundleProviderVersion,
): Promise<string[]> {
  const shasums = documents.get(shasumsPath(provider, version.version))
  const signature = documents.get(signaturePath(provider, version.version))
  if (shasums === undefined || signature === undefined) return []
  const keys = manifest.keys.filter(({ fingerprint }) => fingerprint === version.signing_key).map(({ ascii_armor: armor }) => armor)
  return [...(await checkSignature({ shasums, signature, keys, now }, version.signing_key)), ...checkPackages(shasums, provider, version)]
}

async function checkSignature(
  input: { readonly shasums: Uint8Array; readonly signature: Uint8Array; readonly keys: readonly string[]; readonly now: UnixMs },
  expected: string,
): Promise<string[]> {
  try {
    const { fingerprint } = await verifyShasumsSignature({ ...input, expiredKeys: 'warn' })
    return fingerprint === expected ? [] : [`its SHA256SUMS is signed with ${fingerprint}, not with ${expected}`]
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return [error.message]
  }
}

function checkPackages(shasums: Uint8Array, { type }: BundleProvider, { version, packages }: BundleProviderVersion): string[] {
  const { checksums } = parseShasums(shasums)
  return packages.flatMap(({ platform, zh }) => {
    const parsed = parsePlatform(platform)
    const listed = parsed && checksums.get(expectedPackageFilename({ type, version, ...parsed }))
    if (listed === undefined) return [`its signed SHA256SUMS does not list ${platform}`]
    return `zh:${listed}` === zh ? [] : [`its signed SHA256SUMS has another digest for ${platform}`]
  })
}
