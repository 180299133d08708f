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
