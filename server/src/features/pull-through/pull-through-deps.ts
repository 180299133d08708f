import type { MirrorDeps, ShasumsReader } from '../mirror/index.ts'
import type { ProviderCatalog } from '../providers/index.ts'

/** What fetching on demand needs. */
export interface PullThroughDeps extends MirrorDeps {
  readonly catalog: ProviderCatalog
}

export type VersionReadDeps = PullThroughDeps & { readonly readShasums: ShasumsReader }
