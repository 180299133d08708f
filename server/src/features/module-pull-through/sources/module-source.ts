/** Algorithms of `checksum=` parameters. */
export const CHECKSUMS = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const
export type ChecksumAlgorithm = keyof typeof CHECKSUMS

/** What an archive must have, by whoever names it. */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Lower-case hex. */
  readonly hex: string
}

/** An archive that one request brings. */
export interface ArchiveSource {
  readonly kind: 'archive'
  /** What is asked, with its query, which may be a signature. */
  readonly url: string
  readonly checksum?: ExpectedChecksum | undefined
  /** Folder of the module in the archive; empty: its root. */
  readonly subdir: string
}

/** A Git repository at some ref. */
export interface GitModuleSource {
  readonly kind: 'git'
  /** Without a query. */
  readonly url: string
  /** Branch, tag or commit; `undefined`: the default branch. */
  readonly ref?: string | undefined
  readonly subdir: string
}

/** Where a version of a module is, in a form that can be fetched. Plain JSON: it is the input of a job. */
export type ModuleSource = ArchiveSource | GitModuleSource

/** A source that cannot be fetched. `reason` is a clause about "it". */
export class UnsupportedSource extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(`The source cannot be fetched: it ${reason}`)
    this.name = 'UnsupportedSource'
    this.reason = reason
  }
}
