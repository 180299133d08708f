/**
 * Upstreams: reads the provider and module registries of others.
 *
 * An upstream is named by the host name in a provider address. Service discovery leads from it to the registry, the registry to
 * a document per package, and the document to the checksum list, its signature and the zip, which may all lie on other hosts.
 *
 * Invariants:
 * - An upstream is not trusted. Sizes, times, depth and shape of all it sends are bounded, its names never become paths, and
 *   what it answers is only well-formed: verifying is the caller's work (features/verification).
 * - Addresses are built from parsed parts only, never from text that came from outside.
 * - No credential of ours goes to an upstream; an upstream that wants one cannot be mirrored.
 * - Private networks are out of reach unless the configuration allows them (base/outbound).
 *
 * The configuration may give a host name another address and more trusted CAs; the CAs count for everything that upstream
 * refers to, and for no other upstream.
 *
 * State: discovery answers are kept in memory for ten minutes. Nothing here survives a crash, and nothing needs to.
 */
export { createUpstreamModules, type ModuleLocation, type UpstreamModule, type UpstreamModules } from './module-client.ts'
export type { AnnouncedKey, PackageDocument, WantedPackage } from './package-document.ts'
export type { RegistryExtras } from './registry-extras.ts'
export type { UpstreamSettings } from './service-discovery.ts'
export {
  createUpstreamClient,
  type DownloadLimits,
  type DownloadPackageOptions,
  type UpstreamClient,
  type UpstreamClientOptions,
  type UpstreamVersion,
} from './upstream-client.ts'
