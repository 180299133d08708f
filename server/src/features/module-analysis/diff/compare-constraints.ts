import { type Constraint, ConstraintError, parseConstraints } from '@terrace/protocol/constraints.ts'
import { compareVersions, type Version } from '@terrace/protocol/versions.ts'

/** How a version constraint changed. */
export interface ConstraintChange {
  readonly breaking: boolean
  readonly why: string
}

/** The versions that a constraint leaves, apart from single ones it excludes. Both ends are open when undefined. */
interface Range {
  readonly least: Version | undefined
  /** The first version above, or the last one itself when `inclusive`. */
  readonly most: { readonly version: Version; readonly inclusive: boolean } | undefined
}

/**
 * Compares two texts of constraints on a provider; undefined when they mean the same. It is breaking when no version of the old range
 * is left, when the least version is of another major, and when the highest version went down.
 */
export function compareProviderConstraints(from: string, to: string): ConstraintChange | undefined {
  return compareConstraints(from, to, (oldRange, newRange) => {
    if (!isRaised(oldRange, newRange)) return false
    const [oldLeast, newLeast] = [oldRange.least, newRange.least]
    return oldLeast === undefined || newLeast === undefined || oldLeast.major !== newLeast.major || isAbove(newLeast, oldRange)
  })
}

/** As for providers, but each raise is breaking: the version of Terraform is not chosen anew by an `init`. */
export function compareTerraformConstraints(from: string, to: string): ConstraintChange | undefined {
  return compareConstraints(from, to, isRaised)
}

function compareConstraints(
  from: string,
  to: string,
  breaksByRaise: (oldRange: Range, newRange: Range) => boolean,
): ConstraintChange | undefined {
  if (from.replace(/\s+/g, '') === to.replace(/\s+/g, '')) return undefined
  const [oldRange, newRange] = [readRange(from), readRange(to)]
  if (oldRange === undefined || newRange === undefined) return { breaking: false, why: 'the constraint cannot be compared' }
  if (breaksByRaise(oldRange, newRange)) return { breaking: true, why: 'older versions are not enough any more' }
  if (isLowered(oldRange, newRange)) return { breaking: true, why: 'newer versions are not allowed any more' }
  return {
    breaking: false,
    why: isRaised(oldRange, newRange) ? 'a newer version of the same major is needed' : 'all versions that fitted still fit',
  }
}

/** An empty text allows every version; undefined when the text cannot be read. */
function readRange(text: string): Range | undefined {
  if (text.trim() === '') return { least: undefined, most: undefined }
  try {
    return parseConstraints(text).reduce(narrow, { least: undefined, most: undefined })
  } catch (error) {
    if (error instanceof ConstraintError) return undefined
    throw error
  }
}

function narrow(range: Range, { operator, version, parts }: Constraint): Range {
  if (operator === '!=') return range
  const least = operator === '<' || operator === '<=' ? range.least : greater(range.least, version)
  if (operator === '>' || operator === '>=') return { ...range, least }
  const end = operator === '~>' ? { version: nextVersion(version, parts), inclusive: false } : { version, inclusive: operator !== '<' }
  const isTighter = range.most === undefined || compareVersions(end.version, range.most.version) < 0
  return { least, most: isTighter ? end : range.most }
}

/** The first version that `~>` leaves out. */
function nextVersion(version: Version, parts: Constraint['parts']): Version {
  const next = parts === 3 ? { major: version.major, minor: version.minor + 1 } : { major: version.major + 1, minor: 0 }
  return { ...next, patch: 0, prerelease: [], build: [] }
}

function greater(a: Version | undefined, b: Version): Version {
  return a !== undefined && compareVersions(a, b) > 0 ? a : b
}

function isRaised({ least: from }: Range, { least: to }: Range): boolean {
  return to !== undefined && (from === undefined || compareVersions(to, from) > 0)
}

function isLowered({ most: from }: Range, { most: to }: Range): boolean {
  if (to === undefined) return false
  if (from === undefined) return true
  const order = compareVersions(to.version, from.version)
  return order < 0 || (order === 0 && from.inclusive && !to.inclusive)
}

function isAbove(version: Version, { most }: Range): boolean {
  if (most === undefined) return false
  const order = compareVersions(version, most.version)
  return order > 0 || (order === 0 && !most.inclusive)
}
