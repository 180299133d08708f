import type { UnixMs } from '../../clock.ts'

/** Versions that an upstream offers of a module, as it last said; one row for all spellings. */
export interface UpstreamModuleListsTable {
  id: string
  hostname: string
  /** Lower case: two spellings are one module. */
  namespace: string
  name: string
  system: string
  /** `NAMESPACE/NAME` as it was asked for: an upstream may tell upper from lower case. Null in rows of earlier releases. */
  spelling: string | null
  /** JSON array of canonical versions in the upstream's order. */
  versions: string
  /** When the upstream said so, by the database's clock. */
  fetchedAt: UnixMs
}

/** Module versions that came from upstreams; never changed after they were stored. */
export interface UpstreamModuleVersionsTable {
  id: string
  hostname: string
  /** As it was first asked for. */
  namespace: string
  name: string
  system: string
  /** Lower case: two spellings are one module. */
  namespaceKey: string
  nameKey: string
  /** Canonical semver, without `v`. */
  version: string
  /** Bytes of the stored archive. */
  size: number
  /** Of the stored archive, lower-case hex. */
  sha256: string
  /** Of the tar in it, lower-case hex. */
  contentSha256: string
  /** Id of the object store that holds it. */
  storageBackend: string
  storageKey: string
  /** `archive` or `git`. */
  sourceKind: string
  /** Address that it was fetched from, without a query. */
  sourceUrl: string
  /** Branch, tag or commit that the upstream named; null where it named none. */
  gitRef: string | null
  /** Commit that it was, full; null for archives. */
  commitSha: string | null
  /** Of the archive as it was received, lower-case hex; null for Git. */
  receivedSha256: string | null
  /** Folder of the module in the archive; empty: its root. */
  subdir: string
  createdAt: UnixMs
  createdBy: string
  /** The stored bytes were found to differ from `sha256`; fetched anew by whoever asks next. */
  damagedAt: UnixMs | null
}
