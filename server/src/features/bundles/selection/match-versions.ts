import { type Constraint, ConstraintError, matchesConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'

/** The first of the versions that meets constraints, as a text; empty: any. Nothing meets what cannot be read. */
export function findMatching(versions: readonly string[], text: string): string | undefined {
  const constraints = readConstraints(text)
  return constraints && versions.find((version) => matchesConstraints(version, constraints))
}

function readConstraints(text: string): Constraint[] | undefined {
  try {
    return text.trim() === '' ? [] : parseConstraints(text)
  } catch (error) {
    if (error instanceof ConstraintError) return undefined
    throw error
  }
}
