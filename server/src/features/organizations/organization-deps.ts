import type { Deps } from '../../base/deps.ts'

/** What organisations need of the server. */
export interface OrganizationDeps extends Pick<Deps, 'database' | 'clock'> {
  readonly config: { readonly multiTenancy: { readonly enabled: boolean } }
}
