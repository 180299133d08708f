/** A package whose size may be known. */
export interface SizedPackage {
  /** What packages of about the same size have in common: provider and platform. */
  readonly group: string
  /** Provider. */
  readonly family: string
  /** Bytes; `undefined`: not measured. */
  readonly bytes: number | undefined
}

/**
 * Bytes of every package: as measured, else the average of those that were measured for the same provider and platform, else of
 * the same provider, else of all. 0 when nothing was measured.
 */
export function estimateBytes(packages: readonly SizedPackage[]): number[] {
  const all = averageOf(packages)
  const byFamily = new Map([...Map.groupBy(packages, ({ family }) => family)].map(([name, members]) => [name, averageOf(members)]))
  const byGroup = new Map([...Map.groupBy(packages, ({ group }) => group)].map(([name, members]) => [name, averageOf(members)]))
  return packages.map(({ bytes, group, family }) => Math.round(bytes ?? byGroup.get(group) ?? byFamily.get(family) ?? all ?? 0))
}

function averageOf(packages: readonly SizedPackage[]): number | undefined {
  const sizes = packages.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]))
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0) / sizes.length
}

/** At most `limit` indexes below `count`, evenly spread. */
export function spreadIndexes(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, index) => index)
  return Array.from({ length: limit }, (_, index) => Math.floor((index * count) / limit))
}
