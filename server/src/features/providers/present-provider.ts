import type {
  ProviderDetailDocument,
  ProviderPackageDocument,
  ProviderVersionsDocument,
} from '@terrace/protocol/documents/provider-documents.ts'
import type { OfferedProvider } from './on-demand.ts'
import { type CatalogProvider, type CatalogVersion, listServedVersions } from './provider-catalog.ts'
import type { ServedPackageRow } from './provider-queries.ts'

/** The versions list of the provider registry protocol, newest first. Source: protocol.md 3.3. */
export function presentVersions(provider: CatalogProvider): ProviderVersionsDocument {
  const served = listServedVersions(provider)
  const warnings = deprecationWarnings(provider, served)
  return {
    versions: served.map(({ version, protocols, packages }) => ({
      version,
      protocols: [...protocols],
      platforms: packages.map(({ os, arch }) => ({ os, arch })),
    })),
    ...(warnings.length > 0 && { warnings }),
  }
}

/** The same with what the upstream offers besides. */
export function presentOfferedVersions({ held, versions }: OfferedProvider): ProviderVersionsDocument {
  const warnings = held === undefined ? [] : deprecationWarnings(held, listServedVersions(held))
  return {
    versions: versions.map(({ version, protocols, platforms }) => ({ version, protocols: [...protocols], platforms: [...platforms] })),
    ...(warnings.length > 0 && { warnings }),
  }
}

/** One bullet per message, so that a hundred versions that were deprecated together are one line in the terminal. */
function deprecationWarnings({ address }: CatalogProvider, served: readonly CatalogVersion[]): string[] {
  const deprecated = served.flatMap(({ version, deprecated: mark }) => (mark === undefined ? [] : [{ version, message: mark.message }]))
  return [...Map.groupBy(deprecated, ({ message }) => message)].map(([message, entries]) => {
    const versions = entries.map(({ version }) => version)
    const subject = `${address.namespace}/${address.type} ${versions.slice(0, 5).join(', ')}`
    const more = versions.length > 5 ? ` and ${versions.length - 5} more` : ''
    return `${subject}${more} ${versions.length === 1 ? 'is' : 'are'} deprecated${message === '' ? '' : `: ${message}`}`
  })
}

export interface PackageLinks {
  readonly download: string
  readonly shasums: string
  readonly signature: string
}

/** The package document of the provider registry protocol. Source: protocol.md 3.4. */
export function presentPackage(
  version: Pick<CatalogVersion, 'protocols'>,
  row: Pick<ServedPackageRow, 'os' | 'arch' | 'filename' | 'zh'>,
  extra: {
    readonly links: PackageLinks
    readonly key: { readonly keyId: string; readonly asciiArmor: string }
    readonly packages?: ProviderPackageDocument['packages']
  },
): ProviderPackageDocument {
  const { links, key, packages } = extra
  return {
    protocols: [...version.protocols],
    os: row.os,
    arch: row.arch,
    filename: row.filename,
    download_url: links.download,
    shasums_url: links.shasums,
    shasums_signature_url: links.signature,
    shasum: row.zh.slice('zh:'.length),
    signing_keys: {
      gpg_public_keys: [{ key_id: key.keyId, ascii_armor: key.asciiArmor, trust_signature: '', source: '', source_url: '' }],
    },
    ...(packages !== undefined && { packages }),
  }
}

/** The detail document of the extended API, for renovate, dependabot and the like. Source: protocol.md 6.4. */
export function presentDetail(provider: CatalogProvider, version: CatalogVersion): ProviderDetailDocument {
  const { namespace, type } = provider.address
  return {
    id: `${namespace}/${type}/${version.version}`,
    owner: namespace,
    namespace,
    name: type,
    alias: '',
    version: version.version,
    tag: `v${version.version}`,
    description: '',
    source: provider.provider.sourceUrl ?? '',
    published_at: new Date(version.createdAt).toISOString(),
    tier: 'community',
    logo_url: '',
    versions: listServedVersions(provider).map((served) => served.version),
    docs: [],
  }
}
