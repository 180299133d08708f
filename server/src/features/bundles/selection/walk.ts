import type { Requirement } from '../../lock-file/index.ts'
import type { MissingItem, WantedModule } from './wanted.ts'

/** A call as a configuration or an analysis has it. */
export interface Call {
  readonly source: string
  /** Constraints; empty when there are none. */
  readonly version: string
}

/** What was met so far on the way through modules that call modules. */
export class Walk {
  readonly modules = new Map<string, WantedModule>()
  readonly missing = new Map<string, MissingItem>()
  /** As modules that are published here write them. */
  readonly providers: { source: string; version: string }[] = []
  /** Of modules that came from upstreams. */
  readonly requirements: Requirement[] = []
  readonly #parts = new Set<string>()

  /** Whether this part of a module is new. */
  enter(name: string): boolean {
    if (this.#parts.has(name)) return false
    this.#parts.add(name)
    return true
  }

  miss(item: MissingItem): void {
    this.missing.set(item.object, item)
  }
}
