import { type Static, Type } from 'typebox'
import { ProviderAddress } from '../addresses.ts'
import { PackageHash } from '../hashes.ts'
import { ModuleAddress } from '../module-addresses.ts'

/**
 * An air-gap bundle is a few files in one folder:
 *
 *     NAME.manifest.json        what is in it: canonical JSON, one spelling only
 *     NAME.manifest.json.sig    binary detached OpenPGP signature over those exact bytes, by the key of the registry
 *     NAME.tfbundle.001 …       the parts: uncompressed tars, each whole in itself
 *
 * A part holds the objects whose `part` it is, in the order of the manifest, with the headers of `tarHeaders` (mode 0644) and one end
 * mark: every byte of a part follows from the manifest and the objects, so nothing else can hide in it, and the same selection gives
 * the same parts. Parts need no order and no other part. An object is never cut in two.
 *
 * Unpacked, `providers/` is a filesystem mirror as `terraform providers mirror` makes one, with the signed checksum lists beside.
 *
 * The signature of the manifest says who packed the bundle. That a package is genuine follows from its own chain, as everywhere:
 * package → SHA256SUMS → signature → key. Which key is trusted is decided by whoever imports; `keys` only brings them along.
 */
export const BUNDLE_FORMAT = 'terrace-bundle/1'

/** What the header of a tar can say. */
const MAX_OBJECT_BYTES = 8 * 1024 ** 3 - 1

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Fingerprint = Type.String({ pattern: '^[0-9A-F]{40}(?:[0-9A-F]{24})?$' })
const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
const Count = Type.Integer({ minimum: 1, maximum: 999 })
const strict = { additionalProperties: false } as const

/** A public key, in the armored form of its owner. */
export const BundleKey = Type.Object({ fingerprint: Fingerprint, ascii_armor: Type.String({ maxLength: 1024 * 1024 }) }, strict)
export type BundleKey = Static<typeof BundleKey>

/** A file in a part. */
export const BundleObject = Type.Object(
  {
    path: Type.String({ description: 'As bundle-paths.ts makes it; never escapes the folder it is unpacked in' }),
    size: Type.Integer({ minimum: 0, maximum: MAX_OBJECT_BYTES, description: 'Bytes' }),
    sha256: Sha256,
    part: Type.Union([Count, Type.Null()], { description: 'Number of its part; null: an earlier bundle has it' }),
  },
  strict,
)
export type BundleObject = Static<typeof BundleObject>

/** The zip of one platform. `zh:` is its SHA-256; `h1:` is a claim, which importers make themselves from the zip. */
export const BundlePackage = Type.Object({ platform: Type.String(), h1: PackageHash, zh: PackageHash }, strict)
export type BundlePackage = Static<typeof BundlePackage>

/**
 * One version of a provider. Its SHA256SUMS and the signature are objects. `unsigned`: its upstream signs nothing, and the registry has
 * signed what it holds.
 */
export const BundleProviderVersion = Type.Object(
  {
    version: Type.String(),
    protocols: Type.Array(Type.String(), { description: 'Of plugins: 5.0' }),
    signed_by: Type.Enum(['upstream', 'publisher', 'registry', 'unsigned']),
    signing_key: Fingerprint,
    packages: Type.Array(BundlePackage, { minItems: 1, description: 'By platform' }),
  },
  strict,
)
export type BundleProviderVersion = Static<typeof BundleProviderVersion>

/** A provider with the versions that are in the bundle. */
export const BundleProvider = Type.Object(
  {
    // As in the configurations that use it; that of the registry for what is published there.
    ...ProviderAddress.properties,
    origin: Type.Enum(['published', 'mirrored'], { description: 'At the registry that made the bundle' }),
    source_url: Type.Union([Type.String(), Type.Null()]),
    versions: Type.Array(BundleProviderVersion, { minItems: 1 }),
  },
  strict,
)
export type BundleProvider = Static<typeof BundleProvider>

/** Folders by their plain names; none leads outside. */
const FOLDER = '^(?!(?:.*/)?\\.\\.?(?:/|$))(?:[\\w.@+~*,=-]+(?:/[\\w.@+~*,=-]+)*)?$'

/** Where a version of a module of others came from, as whoever fetched it has recorded; the commit stands beside. */
export const BundleModuleSource = Type.Object(
  {
    content_sha256: Sha256,
    kind: Type.Enum(['archive', 'git']),
    url: Type.String({ pattern: '^https?://[\\x21-\\x7e]+$', maxLength: 4096, description: 'Without a query' }),
    ref: Type.Union([Type.String({ pattern: '^[^\\x00-\\x1f]*$', maxLength: 1024 }), Type.Null()], {
      description: 'Branch, tag or commit that the upstream named',
    }),
    received_sha256: Type.Union([Sha256, Type.Null()], { description: 'Of the archive as it was received; null for Git' }),
    subdir: Type.String({ pattern: FOLDER, maxLength: 1024, description: 'Folder of the module in the archive; empty: its root' }),
  },
  strict,
)
export type BundleModuleSource = Static<typeof BundleModuleSource>

/** One version of a module; its archive is a canonical `.tar.gz`. */
export const BundleModuleVersion = Type.Object(
  {
    version: Type.String(),
    commit_sha: Type.Union([Type.String(), Type.Null()]),
    fetched_from: Type.Optional(BundleModuleSource),
  },
  strict,
)
export type BundleModuleVersion = Static<typeof BundleModuleVersion>

/** A module with the versions that are in the bundle. `mirrored` ones have `fetched_from` in each version, others in none. */
export const BundleModule = Type.Object(
  {
    // That of the registry for what is published there, otherwise of the public one.
    hostname: ProviderAddress.properties.hostname,
    ...ModuleAddress.properties,
    origin: Type.Enum(['published', 'mirrored']),
    description: Type.String(),
    source_url: Type.Union([Type.String(), Type.Null()]),
    versions: Type.Array(BundleModuleVersion, { minItems: 1 }),
  },
  strict,
)
export type BundleModule = Static<typeof BundleModule>

/** What is in a bundle. */
export const BundleManifest = Type.Object(
  {
    format: Type.Literal(BUNDLE_FORMAT),
    name: Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$', description: 'What its files are called' }),
    created_at: Time,
    registry: ProviderAddress.properties.hostname,
    source: Type.Enum(['lock_file', 'configuration', 'definition', 'mirror'], { description: 'What was chosen by' }),
    signing_key: BundleKey,
    since: Type.Union([Type.Object({ name: Type.String(), sha256: Sha256 }, strict), Type.Null()], {
      description: 'The earlier bundle by its manifest, where objects with no part are; null: nothing was left out',
    }),
    parts: Type.Array(Type.Object({ number: Count, size: Type.Integer({ minimum: 0 }) }, strict), { description: 'From 1 without gaps' }),
    objects: Type.Array(BundleObject, { description: 'By path' }),
    keys: Type.Array(BundleKey, { description: 'That signed checksum lists; by fingerprint' }),
    providers: Type.Array(BundleProvider, { description: 'By address, versions as texts' }),
    modules: Type.Array(BundleModule, { description: 'By address, versions as texts' }),
  },
  strict,
)
export type BundleManifest = Static<typeof BundleManifest>
