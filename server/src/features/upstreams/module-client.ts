import { formatModuleAddress, ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { RegistryError } from '../../base/errors.ts'
import type { ByteSink } from '../../base/outbound/exchange.ts'
import type { Downloaded, ReceivedBytes } from '../../base/outbound/outbound.ts'
import { unusableAnswer } from '../../base/outbound/outbound-errors.ts'
import { readDocument } from './read-document.ts'
import { createServiceDiscovery } from './service-discovery.ts'
import type { DownloadPackageOptions, UpstreamClientOptions } from './upstream-client.ts'
import { explainRefusal } from './upstream-errors.ts'
import { requireVersion } from './upstream-paths.ts'

/** A module of an upstream. Namespace and name keep their case: it is for the upstream to tell them apart. */
export interface UpstreamModule extends ModuleAddress {
  readonly hostname: string
}

/** What an upstream says about where a version is. */
export interface ModuleLocation {
  /** As it was sent; see go-getter for what it may be. Nothing of it is verified. */
  readonly text: string
  /** What was asked: relative locations are relative to it, whatever it redirected to (protocol.md 2.4, B10 to B14). */
  readonly base: URL
}

export interface DownloadArchiveOptions extends DownloadPackageOptions {
  /** Upstream that named the archive. */
  readonly hostname: string
  readonly maxBytes: number
}

/** Reads module registries of others. Every call throws RegistryError with the codes of {@link Outbound}. */
export interface UpstreamModules {
  /**
   * Canonical versions in the upstream's order, each once. Strings that are no version are left out with a log line.
   * @throws {RegistryError} MODULE_NOT_FOUND
   */
  listVersions(module: UpstreamModule, options?: { readonly timeoutMs?: number }): Promise<string[]>
  /** @throws {RegistryError} MODULE_VERSION_NOT_FOUND when the upstream has no such version. */
  locate(module: UpstreamModule, version: string, options?: { readonly timeoutMs?: number }): Promise<ModuleLocation>
  /** Streams an archive into the sink; see {@link Outbound.download}. */
  downloadArchive(url: string, options: DownloadArchiveOptions, sink: ByteSink): Promise<Downloaded>
  /** PEM file of CAs that are trusted for what the upstream refers to. */
  caFileOf(hostname: string): string | undefined
}

/** Source: protocol.md 2.3: only the first element counts. */
const VersionsDocument = Type.Object({
  modules: Type.Array(Type.Object({ versions: Type.Optional(Type.Array(Type.Object({ version: Type.String() }))) }), { minItems: 1 }),
})
const versionsDocument = Compile(VersionsDocument)
const locationDocument = Compile(Type.Object({ location: Type.String({ minLength: 1 }) }))
const validModule = Compile(ModuleAddress)

const MAX_VERSIONS_BYTES = 10 * 1024 * 1024
const MAX_LOCATION_BYTES = 64 * 1024
const MAX_LOCATION_LENGTH = 4_000

/** Source: protocol.md section 2. */
export function createUpstreamModules(options: UpstreamClientOptions): UpstreamModules {
  const { outbound, upstreams, downloads, logger } = options
  const findService = createServiceDiscovery(options, 'modules.v1')
  const caFileOf = (hostname: string) => upstreams[hostname]?.caFile
  const trust = (hostname: string) => {
    const caFile = caFileOf(hostname)
    return caFile === undefined ? {} : { caFile }
  }
  // Terraform repairs a base without a slash at its end (protocol.md A03).
  const urlOf = async (module: UpstreamModule, path: string) => {
    const { href } = await findService(module.hostname)
    return new URL(`${requireModulePath(module)}/${path}`, href.replace(/\/*$/, '/'))
  }
  return {
    caFileOf,
    async listVersions(module, request = {}) {
      const url = await urlOf(module, 'versions')
      const limits = { maxBytes: MAX_VERSIONS_BYTES, accept: 'application/json' }
      const received = await outbound.getBytes(url, { ...trust(module.hostname), ...limits, ...request }).catch((error) => {
        throw explainRefusal(error, unknownModule(module))
      })
      return readVersions(received, (version) => logger.warn({ module: nameOf(module), version }, 'upstream lists a bad version'))
    },
    async locate(module, version, request = {}) {
      const url = await urlOf(module, `${requireVersion(version)}/download`)
      const received = await outbound
        .getBytes(url, { ...trust(module.hostname), maxBytes: MAX_LOCATION_BYTES, ...request })
        .catch((error) => {
          throw explainRefusal(error, unknownVersion(module, version))
        })
      return { text: readLocation(received), base: url }
    },
    downloadArchive: (url, { hostname, ...request }, sink) =>
      outbound.download(url, { ...trust(hostname), ...downloads, ...request }, sink),
  }
}

/** @throws {TypeError} when the address is not one; see `requireProviderPath`. */
function requireModulePath(module: UpstreamModule): string {
  if (!validModule.Check(module)) throw new TypeError('the module address is not in canonical form')
  return formatModuleAddress(module)
}

function readVersions(received: ReceivedBytes, onBadVersion: (text: string) => void): string[] {
  const versions = new Set<string>()
  for (const { version: text } of readDocument(received, versionsDocument).modules[0]?.versions ?? []) {
    // As Terraform reads them (protocol.md B74).
    const version = canonicalVersion(text, { allowV: true })
    if (version === undefined) onBadVersion(text.slice(0, 100))
    else versions.add(version)
  }
  return [...versions]
}

/** The header, as Terraform reads it; else the document, as OpenTofu does. Source: protocol.md 2.4. */
function readLocation(received: ReceivedBytes): string {
  const { headers, status, finalUrl } = received
  const header = String(headers['x-terraform-get'] ?? '').trim()
  if (status !== 200 && status !== 204) throw unusableAnswer(finalUrl, `the upstream answered ${status}`, { status })
  const text = header !== '' || status === 204 ? header : readDocument(received, locationDocument).location.trim()
  if (text === '') throw unusableAnswer(finalUrl, 'the answer does not say where the module is', { reason: 'no_location' })
  if (text.length > MAX_LOCATION_LENGTH) throw unusableAnswer(finalUrl, 'the address of the module is too long', { reason: 'location' })
  return text
}

const nameOf = (module: UpstreamModule): string => `${module.hostname}/${formatModuleAddress(module)}`

const unknownModule = (module: UpstreamModule): RegistryError =>
  new RegistryError('MODULE_NOT_FOUND', `Cannot list the versions of "${nameOf(module)}": the upstream has no such module`, {
    hint: 'Check the address of the module',
  })

const unknownVersion = (module: UpstreamModule, version: string): RegistryError =>
  new RegistryError('MODULE_VERSION_NOT_FOUND', `Cannot find "${nameOf(module)}" "${version}": the upstream has no such version`, {
    hint: 'Check the version of the module',
  })
