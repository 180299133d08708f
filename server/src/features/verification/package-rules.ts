/**
 * The rules a provider package must keep, by id. `always` ones are refused everywhere; `published` ones are refused for packages
 * that our users publish and only noted for mirrored packages, which an upstream has signed as they are.
 */
const RULES = {
  not_a_zip: { breaks: 'always' },
  zip64: { breaks: 'always' },
  too_many_entries: { breaks: 'always' },
  too_large: { breaks: 'always' },
  compression_ratio: { breaks: 'always' },
  entry_name: { breaks: 'always' },
  entry_type: { breaks: 'always' },
  encrypted: { breaks: 'always' },
  compression_method: { breaks: 'always' },
  overlapping_entries: { breaks: 'always' },
  damaged_content: { breaks: 'always' },
  binary_name: { breaks: 'always' },
  binary_ambiguous: { breaks: 'published' },
  binary_mode: { breaks: 'published' },
  folder_entry: { breaks: 'published' },
  duplicate_name: { breaks: 'published' },
  unclear_name: { breaks: 'published' },
  surplus_data: { breaks: 'published' },
  several_end_records: { breaks: 'published' },
  header_mismatch: { breaks: 'published' },
} as const satisfies Record<string, { breaks: 'always' | 'published' }>

export type PackageRule = keyof typeof RULES

/** Rules that an administrator may let a mirrored package break: whoever unpacks it is not harmed, and its `h1` can be computed. */
const RELEASABLE: readonly PackageRule[] = ['binary_name', 'compression_ratio']

/** One broken rule. */
export interface PackageProblem {
  readonly rule: PackageRule
  /** Entry name with control characters escaped, cut at 200 characters; absent when the whole package is meant. */
  readonly entry?: string
  /** A clause that follows the name: `is a folder entry`. */
  readonly text: string
}

/** Bounds of what an inspection reads and what a package may unpack to. */
export interface PackageLimits {
  /** Bytes of all entries together, uncompressed. */
  readonly maxUncompressedBytes: number
  readonly maxEntries: number
  /** Uncompressed to compressed bytes, for an entry and for the package. */
  readonly maxRatio: number
  /** Up to this many uncompressed bytes the ratio does not count: text may compress far better. */
  readonly ratioFreeBytes: number
}

export const DEFAULT_PACKAGE_LIMITS: PackageLimits = {
  maxUncompressedBytes: 2 * 1024 ** 3,
  maxEntries: 10_000,
  maxRatio: 200,
  ratioFreeBytes: 64 * 1024 ** 2,
}

/** How strictly a package is looked at. */
export interface Strictness {
  /** Published here: every rule refuses. Otherwise mirrored: the lesser rules are only noted. */
  readonly strict: boolean
  /** Rules that an administrator lets this package break; only those count that {@link isReleasable} allows. */
  readonly accepted?: readonly PackageRule[]
}

/** Whether the rule refuses the package. */
export function refuses(rule: PackageRule, { strict, accepted = [] }: Strictness): boolean {
  if (strict) return true
  return RULES[rule].breaks === 'always' && !(accepted.includes(rule) && isReleasable(rule))
}

/** Whether an administrator may let a mirrored package break the rule. */
export function isReleasable(rule: PackageRule): boolean {
  return RELEASABLE.includes(rule)
}
