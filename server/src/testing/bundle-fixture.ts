import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUNDLE_FORMAT, type BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { layOutParts, objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import {
  manifestFilename,
  manifestSignatureFilename,
  moduleArchivePath,
  packagePath,
  partFilename,
  shasumsPath,
  signaturePath,
} from '@terrace/protocol/bundle/bundle-paths.ts'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { paddingAfter, TAR_END } from '@terrace/protocol/tar-headers.ts'
import { generateKey } from 'openpgp'
import { signShasums } from '../features/verification/index.ts'
import { shasumsOf } from './publish-requests.ts'
import { buildProviderZip } from './zip-writer.ts'

/** A key pair that signs bundles and checksum lists. */
export interface BundleSigner {
  readonly fingerprint: string
  readonly publicArmor: string
  readonly privateArmor: string
}

/** A new key pair. */
export async function makeBundleSigner(name = 'Registry'): Promise<BundleSigner> {
  const { privateKey, publicKey } = await generateKey({ type: 'ecc', curve: 'ed25519Legacy', userIDs: [{ name }], format: 'object' })
  return { fingerprint: publicKey.getFingerprint().toUpperCase(), publicArmor: publicKey.armor(), privateArmor: privateKey.armor() }
}

/** What a test bundle has; it is whole and genuine unless the test changes something of it. */
export interface TestBundle {
  readonly manifest: BundleManifest
  /** Bytes by path. */
  readonly contents: ReadonlyMap<string, Uint8Array>
  readonly signer: BundleSigner
}

/** What differs from the usual. */
export interface TestBundleOptions {
  readonly maxPartBytes?: number
  readonly signer?: BundleSigner
  readonly moduleArchive?: Uint8Array
  /** Before they are signed. */
  readonly changeShasums?: (text: string) => string
}

const PROVIDER = { hostname: 'registry.terraform.io', namespace: 'hashicorp', type: 'null' }
const MODULE = { hostname: 'terrace.example.net', namespace: 'acme', name: 'vpc', system: 'aws' }
const VERSION = '3.2.1'
const PLATFORMS = ['darwin_arm64', 'linux_amd64']
const MODULE_VERSION = '1.0.0'

/** A bundle of one provider version for two platforms and one module, in parts of at most `maxPartBytes`. */
export async function buildTestBundle(options: TestBundleOptions = {}): Promise<TestBundle> {
  const { maxPartBytes = 2_500 } = options
  const by = options.signer ?? (await makeBundleSigner())
  const contents = await buildContents(by, options)
  const unplaced = [...contents].map(([path, bytes]) => ({ path, size: bytes.length, sha256: sha256(bytes), isElsewhere: false }))
  const { objects, parts } = layOutParts(unplaced, maxPartBytes)
  const packages = PLATFORMS.map((platform) => ({
    platform,
    h1: `h1:${'A'.repeat(43)}=`,
    zh: `zh:${sha256(contents.get(packagePath(PROVIDER, VERSION, platform)) ?? new Uint8Array())}`,
  }))
  const key = { fingerprint: by.fingerprint, ascii_armor: by.publicArmor }
  const manifest: BundleManifest = {
    format: BUNDLE_FORMAT,
    name: 'site-a',
    created_at: '2026-01-02T03:04:05.678Z',
    registry: 'terrace.example.net',
    source: 'definition',
    signing_key: key,
    since: null,
    parts: [...parts],
    objects: [...objects],
    keys: [key],
    providers: [
      {
        ...PROVIDER,
        origin: 'mirrored',
        source_url: null,
        versions: [{ version: VERSION, protocols: ['5.0'], signed_by: 'upstream', signing_key: by.fingerprint, packages }],
      },
    ],
    modules: [
      { ...MODULE, origin: 'published', description: '', source_url: null, versions: [{ version: MODULE_VERSION, commit_sha: null }] },
    ],
  }
  return { manifest, contents, signer: by }
}

async function buildContents(
  { privateArmor }: BundleSigner,
  { moduleArchive = Buffer.from('an archive'), changeShasums = (text) => text }: TestBundleOptions,
): Promise<Map<string, Uint8Array>> {
  const zips = Object.fromEntries(
    PLATFORMS.map((platform) => [platform, buildProviderZip({ type: PROVIDER.type, version: VERSION, content: platform })]),
  )
  const shasums = Buffer.from(changeShasums(shasumsOf(PROVIDER.type, VERSION, zips).toString()))
  return new Map<string, Uint8Array>([
    ...Object.entries(zips).map(([platform, zip]) => [packagePath(PROVIDER, VERSION, platform), zip] as const),
    [shasumsPath(PROVIDER, VERSION), shasums],
    [signaturePath(PROVIDER, VERSION), await signShasums(privateArmor, shasums)],
    [moduleArchivePath(MODULE, MODULE_VERSION), moduleArchive],
  ])
}

/** The bytes of a part. */
export function partBytesOf({ manifest, contents }: TestBundle, number: number): Buffer {
  const entries = manifest.objects
    .filter(({ part }) => part === number)
    .flatMap((object) => [objectHeaders(object), contents.get(object.path) ?? new Uint8Array(), paddingAfter(object.size)])
  return Buffer.concat([...entries, TAR_END])
}

/** Writes the files of a bundle; answers the path of the manifest. */
export async function writeTestBundle(folder: string, bundle: TestBundle, manifestText?: string): Promise<string> {
  const { manifest, signer } = bundle
  const text = Buffer.from(manifestText ?? formatManifest(manifest))
  await writeFile(join(folder, manifestFilename(manifest.name)), text)
  await writeFile(join(folder, manifestSignatureFilename(manifest.name)), await signShasums(signer.privateArmor, text))
  for (const { number } of manifest.parts) await writeFile(join(folder, partFilename(manifest.name, number)), partBytesOf(bundle, number))
  return join(folder, manifestFilename(manifest.name))
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
