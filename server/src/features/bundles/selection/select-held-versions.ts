import { type Constraint, matchesConstraints } from '@terrace/protocol/constraints.ts'
import { type CatalogProvider, listServedVersions } from '../../providers/index.ts'

/** Versions that are held and meet all constraints, newest first. */
export function heldVersions(provider: CatalogProvider | undefined, constraints: readonly Constraint[]): string[] {
  if (provider === undefined) return []
  return listServedVersions(provider)
    .map(({ version }) => version)
    .filter((version) => matchesConstraints(version, constraints))
}
