/** How long a request waits for an upstream, in milliseconds. Clients give up on a document after ten seconds (protocol.md N-16). */
export interface Waits {
  /** For a version list when none is known. */
  readonly listMs: number
  /** For a newer version list, to find a version that the known one lacks. */
  readonly missMs: number
  /** For the signed checksum list of a version; together with `missMs` within what a client waits. */
  readonly checksumsMs: number
  /** For a package; clients have no limit for it. */
  readonly packageMs: number
}

export const WAITS: Waits = { listMs: 8_000, missMs: 3_000, checksumsMs: 5_000, packageMs: 60_000 }
