import type { CommonOptions } from '../../command-table/common-options.ts'

/** Flags that limit a run. */
export interface ScopeOptions extends CommonOptions {
  readonly provider?: string
  readonly version?: string
}

/** The part of a mirror that flags name. */
export function readScope({ provider, version }: ScopeOptions): { provider?: string; version?: string } {
  return { ...(provider !== undefined && { provider }), ...(version !== undefined && { version }) }
}
