import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { UpstreamVersionsDocument } from '@terrace/protocol/documents/provider-documents.ts'
import { formatPlatform, type Platform, toPlatform } from '@terrace/protocol/platforms.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { Compile } from 'typebox/compile'
import { RegistryError } from '../../base/errors.ts'
import type { ByteSink } from '../../base/outbound/exchange.ts'
import type { Downloaded, Outbound, ReceivedBytes } from '../../base/outbound/outbound.ts'
import { type PackageDocument, readPackageDocument } from './package-document.ts'
import { readDocument } from './read-document.ts'
import { createRegistryExtras, type RegistryExtras } from './registry-extras.ts'
import { createServiceDiscovery, type DiscoveryOptions } from './service-discovery.ts'
import { explainRefusal } from './upstream-errors.ts'
import { requireProviderPath, requireVersion } from './upstream-paths.ts'

export interface UpstreamClientOptions extends DiscoveryOptions {
  readonly logger: UpstreamLogger
  readonly downloads: DownloadLimits
}

/** The part of a logger that is used here. */
export interface UpstreamLogger {
  warn(fields: object, message: string): void
}

export interface DownloadLimits {
  /** Largest package. */
  readonly maxBytes: number
  /** Longest pause between two chunks of a package. */
  readonly idleTimeoutMs: number
  /** Longest download of one package. */
  readonly totalTimeoutMs: number
}

/** A version that an upstream offers. */
export interface UpstreamVersion {
  /** Canonical. */
  readonly version: string
  readonly protocols: readonly string[]
  /** Those we know; empty when the upstream does not list them. */
  readonly platforms: readonly Platform[]
}

export interface DownloadPackageOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (bytesDone: number, bytesTotal: number | undefined) => void
}

/**
 * Reads other provider registries. Every call throws RegistryError with the codes of {@link Outbound}; nothing that is answered
 * here has been verified.
 */
export interface UpstreamClient extends RegistryExtras {
  /**
   * Offered versions in the upstream's order, each once. Strings that are no version are left out with a log line.
   * @throws {RegistryError} PROVIDER_NOT_FOUND
   */
  listVersions(
    address: ProviderAddress,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<UpstreamVersion[]>
  /** @throws {RegistryError} PROVIDER_PLATFORM_NOT_FOUND when the upstream has no such package. */
  getPackageDocument(address: ProviderAddress, version: string, platform: Platform): Promise<PackageDocument>
  /** Size of the zip in bytes, without fetching it; `undefined` when the upstream does not say. */
  findPackageSize(document: PackageDocument): Promise<number | undefined>
  /** Exact bytes of SHA256SUMS. */
  fetchShasums(document: PackageDocument): Promise<Uint8Array>
  /** Exact bytes of the signature. */
  fetchSignature(document: PackageDocument): Promise<Uint8Array>
  /** Streams the zip into the sink; see {@link Outbound.download}. */
  downloadPackage(document: PackageDocument, options: DownloadPackageOptions, sink: ByteSink): Promise<Downloaded>
}

const versionsDocument = Compile(UpstreamVersionsDocument)

const MAX_VERSIONS_BYTES = 10 * 1024 * 1024
const MAX_DOCUMENT_BYTES = 1024 * 1024
const MAX_SHASUMS_BYTES = 1024 * 1024
const MAX_SIGNATURE_BYTES = 64 * 1024

export function createUpstreamClient(options: UpstreamClientOptions): UpstreamClient {
  const { outbound, upstreams, downloads, logger } = options
  const findProvidersUrl = createServiceDiscovery(options)
  const trust = ({ hostname }: Pick<ProviderAddress, 'hostname'>) => {
    const caFile = upstreams[hostname]?.caFile
    return caFile === undefined ? {} : { caFile }
  }
  const getFile = async ({ address }: PackageDocument, file: { url: string; maxBytes: number }) => {
    const { body } = await outbound.getBytes(file.url, { ...trust(address), maxBytes: file.maxBytes })
    return body
  }
  return {
    ...createRegistryExtras({ outbound, findProvidersUrl, trust }),
    async listVersions(address, request = {}) {
      const path = `${requireProviderPath(address)}/versions`
      const url = new URL(path, await findProvidersUrl(address.hostname))
      const limits = { maxBytes: MAX_VERSIONS_BYTES, accept: 'application/json' }
      const received = await outbound.getBytes(url, { ...trust(address), ...limits, ...request }).catch((error) => {
        throw explainRefusal(error, unknownProvider(address))
      })
      return readVersions(received, (version) =>
        logger.warn({ provider: formatProviderAddress(address), version }, 'upstream lists a bad version'),
      )
    },
    async getPackageDocument({ hostname, namespace, type }, version, platform) {
      const address = { hostname, namespace, type }
      const wanted = { address, version: requireVersion(version), platform }
      const path = `${requireProviderPath(address)}/${version}/download/${platform.os}/${platform.arch}`
      const url = new URL(path, await findProvidersUrl(hostname))
      const limits = { maxBytes: MAX_DOCUMENT_BYTES, accept: 'application/json' }
      const received = await outbound.getBytes(url, { ...trust(address), ...limits }).catch((error) => {
        throw explainRefusal(error, unknownPackage(address, `${version} for ${formatPlatform(platform)}`))
      })
      return readPackageDocument(received, wanted)
    },
    findPackageSize: (document) => outbound.getSize(document.downloadUrl, trust(document.address)),
    fetchShasums: (document) => getFile(document, { url: document.shasumsUrl, maxBytes: MAX_SHASUMS_BYTES }),
    fetchSignature: (document) => getFile(document, { url: document.signatureUrl, maxBytes: MAX_SIGNATURE_BYTES }),
    downloadPackage: (document, request, sink) =>
      outbound.download(document.downloadUrl, { ...trust(document.address), ...downloads, ...request }, sink),
  }
}

function readVersions(received: ReceivedBytes, onBadVersion: (text: string) => void): UpstreamVersion[] {
  const versions = new Map<string, UpstreamVersion>()
  for (const { version: text, protocols, platforms } of readDocument(received, versionsDocument).versions ?? []) {
    const version = canonicalVersion(text)
    if (version === undefined) onBadVersion(text.slice(0, 100))
    else if (!versions.has(version)) {
      versions.set(version, {
        version,
        protocols: protocols ?? [],
        platforms: (platforms ?? []).map(({ os, arch }) => toPlatform(os, arch)).filter((platform) => platform !== undefined),
      })
    }
  }
  return [...versions.values()]
}

const unknownProvider = (address: ProviderAddress): RegistryError =>
  new RegistryError(
    'PROVIDER_NOT_FOUND',
    `Cannot list the versions of "${formatProviderAddress(address)}": the upstream has no such provider`,
    {
      hint: 'Check the address of the provider',
    },
  )

const unknownPackage = (address: ProviderAddress, what: string): RegistryError =>
  new RegistryError(
    'PROVIDER_PLATFORM_NOT_FOUND',
    `Cannot fetch "${formatProviderAddress(address)}" ${what}: the upstream has no such package`,
  )
