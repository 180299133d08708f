import type { UnixMs } from '../../clock.ts'

/** Versions that an upstream offers of a provider, as it last said; one row per provider that was asked for on demand. */
export interface UpstreamVersionListsTable {
  id: string
  hostname: string
  namespace: string
  type: string
  /** JSON array of `{"version":"1.0.0","protocols":["5.0"],"platforms":["linux_amd64"]}` in the upstream's order. */
  versions: string
  /** When the upstream said so, by the database's clock. */
  fetchedAt: UnixMs
}

/** The signed checksum list of a version that is not held, as it was when it was verified. */
export interface UpstreamSignedVersionsTable {
  id: string
  hostname: string
  namespace: string
  type: string
  version: string
  /** Exact bytes. */
  shasums: Uint8Array
  /** Exact bytes. */
  signature: Uint8Array
  /** JSON array of protocol versions. */
  protocols: string
  /** By the database's clock. */
  fetchedAt: UnixMs
}
