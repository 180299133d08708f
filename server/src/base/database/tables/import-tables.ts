import type { UnixMs } from '../../clock.ts'

/** What was brought in from bundles and folders, one row per import. */
export interface BundleImportsTable {
  id: string
  /** `bundle` or `directory`. */
  kind: string
  /** Of the bundle or folder. */
  name: string
  /** Fingerprint of the key that signed the manifest; null for folders, which nobody signs. */
  signedBy: string | null
  /** JSON: what may be sent, with sizes and digests. Empty when the import is over. */
  listing: string
  /** JSON: the keys and exceptions that were allowed. */
  options: string
  /** Packages and modules that were stored, and their bytes. */
  added: number
  addedBytes: number
  /** Files that were sent and refused. */
  refused: number
  createdAt: UnixMs
  createdBy: string
  /** Null: it goes on, or was broken off. */
  finishedAt: UnixMs | null
}
