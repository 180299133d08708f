import { type Static, Type } from 'typebox'

/**
 * Sent: answer of `…/:namespace/:type/versions`. Canonical versions only: one bad string breaks the whole provider for
 * Terraform before 1.13. Source: protocol.md 3.3, C61.
 */
export const ProviderVersionsDocument = Type.Object({
  versions: Type.Array(
    Type.Object({
      version: Type.String({ description: 'Canonical semantic version without "v"' }),
      protocols: Type.Array(Type.String(), { description: 'Plugin protocols such as "5.0"' }),
      platforms: Type.Array(Type.Object({ os: Type.String(), arch: Type.String() })),
    }),
  ),
  warnings: Type.Optional(Type.Array(Type.String(), { description: 'Shown by terraform init, one bullet each' })),
})
export type ProviderVersionsDocument = Static<typeof ProviderVersionsDocument>

const SentSigningKey = Type.Object({
  key_id: Type.String({ description: '16 upper-case hex digits' }),
  ascii_armor: Type.String({ description: 'Public key block, line breaks kept' }),
  trust_signature: Type.String({ description: 'Always empty: only HashiCorp signs partner keys' }),
  source: Type.String(),
  source_url: Type.String(),
})

/**
 * Sent: answer of `…/:version/download/:os/:arch`. `signing_keys` holds at least the key that signed this version and never
 * `null`, on which Terraform crashes. Source: protocol.md 3.4, C15c.
 */
export const ProviderPackageDocument = Type.Object({
  protocols: Type.Array(Type.String()),
  os: Type.String(),
  arch: Type.String(),
  filename: Type.String({ description: 'Name of the package in the SHA256SUMS document' }),
  download_url: Type.String(),
  shasum: Type.String({ description: 'SHA-256 of the package, 64 lower-case hex digits' }),
  shasums_url: Type.String(),
  shasums_signature_url: Type.String({ description: 'Binary detached signature' }),
  signing_keys: Type.Object({ gpg_public_keys: Type.Array(SentSigningKey) }),
  packages: Type.Optional(
    Type.Record(Type.String(), Type.Object({ hashes: Type.Array(Type.String()), package_size: Type.Integer() }), {
      description: 'OS_ARCH → `zh:` and `h1:` and the size in bytes; every package of the version, or none. OpenTofu 1.12 and later',
    }),
  ),
})
export type ProviderPackageDocument = Static<typeof ProviderPackageDocument>

/** Sent: a provider, or one version of it, in the extended API that renovate and dependabot read. Source: protocol.md 6.4. */
export const ProviderDetailDocument = Type.Object({
  id: Type.String({ description: 'NAMESPACE/TYPE/VERSION' }),
  owner: Type.String(),
  namespace: Type.String(),
  name: Type.String({ description: 'The provider type' }),
  alias: Type.String(),
  version: Type.String(),
  tag: Type.String(),
  description: Type.String(),
  source: Type.String({ description: 'Web address of the source code; may be empty' }),
  published_at: Type.String({ description: 'RFC 3339, UTC' }),
  tier: Type.String(),
  logo_url: Type.String(),
  versions: Type.Array(Type.String()),
  docs: Type.Array(Type.Unknown()),
})
export type ProviderDetailDocument = Static<typeof ProviderDetailDocument>

const nullable = <Schema extends Parameters<typeof Type.Array>[0]>(schema: Schema) =>
  Type.Optional(Type.Union([Type.Array(schema), Type.Null()]))

/**
 * Read: versions list of an upstream. Arrays that are missing or null mean none, unknown keys are ignored, version strings are
 * not checked: the reader skips bad ones. Source: protocol.md 3.3, C60b, C62, C63, C67, F05.
 */
export const UpstreamVersionsDocument = Type.Object({
  versions: nullable(
    Type.Object({
      version: Type.String(),
      protocols: nullable(Type.String()),
      platforms: nullable(Type.Object({ os: Type.String(), arch: Type.String() })),
    }),
  ),
  warnings: nullable(Type.String()),
})
export type UpstreamVersionsDocument = Static<typeof UpstreamVersionsDocument>

/**
 * Read: package document of an upstream; required is just what Terraform requires. URLs may be relative to the final URL of the
 * document, `shasum` has hex of either case, a `null` key is to be skipped. Source: protocol.md 3.4, C02.*, C03, C31b.
 */
export const UpstreamPackageDocument = Type.Object({
  protocols: nullable(Type.String()),
  os: Type.String(),
  arch: Type.String(),
  filename: Type.String({ minLength: 1 }),
  download_url: Type.String({ minLength: 1 }),
  shasum: Type.String({ pattern: '^[0-9A-Fa-f]{64}$' }),
  shasums_url: Type.String({ minLength: 1 }),
  shasums_signature_url: Type.String({ minLength: 1 }),
  signing_keys: Type.Object({
    gpg_public_keys: nullable(
      Type.Union([
        Type.Object({ key_id: Type.Optional(Type.Union([Type.String(), Type.Null()])), ascii_armor: Type.String() }),
        Type.Null(),
      ]),
    ),
  }),
})
export type UpstreamPackageDocument = Static<typeof UpstreamPackageDocument>
