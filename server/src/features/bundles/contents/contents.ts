import type { BundleKey, BundleModule, BundleProvider } from '@terrace/protocol/bundle/bundle-manifest.ts'
import type { MissingItem } from '../selection/wanted.ts'

/** A file that a bundle will have. */
export interface BundleFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** What was found of a selection. */
export interface Contents {
  readonly providers: readonly BundleProvider[]
  readonly modules: readonly BundleModule[]
  /** That signed the lists of the providers. */
  readonly keys: readonly BundleKey[]
  readonly files: readonly BundleFile[]
  readonly missing: readonly MissingItem[]
}
