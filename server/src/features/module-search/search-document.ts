import type { UnixMs } from '../../base/clock.ts'

/** What the search has to know of a module: its latest version, and what lists are sorted by. */
export interface SearchDocument {
  readonly moduleId: string
  readonly namespace: string
  readonly name: string
  readonly system: string
  readonly description: string
  /** Markdown. */
  readonly readme: string
  readonly inputNames: readonly string[]
  readonly resourceTypes: readonly string[]
  readonly deprecated: boolean
  readonly downloads: number
  /** Of the latest version. */
  readonly publishedAt: UnixMs
}
