import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { RenderedDocuments } from '../../base/catalog/rendered-documents.ts'
import type { CatalogProvider } from './provider-catalog.ts'

/** A version that is held, or that an upstream offers. */
export interface ListedVersion {
  readonly version: string
  readonly protocols: readonly string[]
  /** Empty when the upstream does not say. */
  readonly platforms: readonly Platform[]
}

/** A provider as it is held and as its upstream offers it, together; one state of both. */
export interface OfferedProvider {
  readonly address: ProviderAddress
  /** `undefined`: nothing of it was ever held. */
  readonly held: CatalogProvider | undefined
  /** Newest first, without what is blocked or deleted here. */
  readonly versions: readonly ListedVersion[]
  /** Seconds since the upstream last confirmed its list, while it fails; 0 otherwise. */
  readonly staleSeconds: number
  /** Bodies rendered from this state; gone with it. */
  readonly rendered: RenderedDocuments
}

/** A package that is not held: what its upstream has signed for, and where it is fetched when somebody asks. */
export interface OfferedPackage extends Platform {
  readonly filename: string
  /** From the verified SHA256SUMS. */
  readonly zh: string
  /** Rooted, signed link. */
  readonly link: string
}

/** The packages of one version that are not held, with what a package document says of them. */
export interface OfferedPackages {
  readonly protocols: readonly string[]
  readonly packages: readonly OfferedPackage[]
  /** Rooted, signed links. */
  readonly links: { readonly shasums: string; readonly signature: string }
  /** The key that signed. */
  readonly key: { readonly keyId: string; readonly asciiArmor: string }
}

/** Providers that are fetched from their upstream when somebody asks for them. */
export interface ProvidersOnDemand {
  /**
   * What is held and offered of a provider; `undefined` when its upstream has no such provider or is not to be asked for it: then
   * only what is held counts. With `wanted`, a list without that version is renewed, at most every few seconds.
   *
   * Answers within 8 seconds, from the last list that is known when the upstream fails.
   * @throws {RegistryError} UPSTREAM_UNAVAILABLE, UPSTREAM_RATE_LIMITED, UPSTREAM_REFUSED when no list is known.
   */
  find(
    address: ProviderAddress,
    options: { readonly held: CatalogProvider | undefined; readonly wanted?: string },
  ): Promise<OfferedProvider | undefined>
  /**
   * The packages of a version that are not held, verified by its signed list; `undefined` when none is offered.
   * @throws {RegistryError} UPSTREAM_* when nothing of the version is held and its list cannot be had or verified.
   */
  findPackages(provider: OfferedProvider, version: string): Promise<OfferedPackages | undefined>
}
