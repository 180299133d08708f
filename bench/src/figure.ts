/** Where a figure has to be. */
export interface Goal {
  readonly direction: 'at least' | 'at most'
  readonly value: number
}

/** What one side was measured at, in the order of the rounds. */
export interface Series {
  /** For example `nginx`. */
  readonly name: string
  readonly unit: string
  readonly values: readonly number[]
}

/** One figure: ours against a baseline that was measured in the same rounds, turn by turn. */
export interface Figure {
  /** `scenario.figure`; stays the same over time. */
  readonly id: string
  readonly title: string
  readonly goal: Goal
  /** Unit of the goal and of `values`; empty for a ratio, where more is better. */
  readonly unit: string
  /** What is judged, by round: the median counts, the rest is the spread. */
  readonly values: readonly number[]
  readonly ours: Series
  readonly baseline: Series
}

/** A figure that could not be measured on this machine. */
export interface SkippedFigure {
  readonly id: string
  /** What is missing and the command that brings it. */
  readonly skipped: string
}

/** The value in the middle; the mean of the two in the middle when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new RangeError('There is no median of nothing')
  return (low + high) / 2
}

/** The smallest of the values that at least this share of them (0 to 1) does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]
  if (value === undefined) throw new RangeError('There is no percentile of nothing')
  return value
}

/** Whether the median is where it has to be. */
export function isMet({ goal, values }: Pick<Figure, 'goal' | 'values'>): boolean {
  return goal.direction === 'at least' ? median(values) >= goal.value : median(values) <= goal.value
}

/** Ratios by round; the rounds of both sides belong together, so that a machine that slows down does so for both. */
export function ratios(dividends: readonly number[], divisors: readonly number[]): number[] {
  return dividends.map((dividend, round) => dividend / (divisors[round] ?? Number.NaN))
}

/** One round of each side in turn, the baseline first, after a round of each that does not count. */
export async function takeTurns(
  rounds: number,
  sides: { readonly baseline: () => Promise<number>; readonly ours: () => Promise<number> },
): Promise<{ readonly baseline: number[]; readonly ours: number[] }> {
  const taken = { baseline: [] as number[], ours: [] as number[] }
  await sides.baseline()
  await sides.ours()
  for (let round = 0; round < rounds; round++) {
    taken.baseline.push(await sides.baseline())
    taken.ours.push(await sides.ours())
  }
  return taken
}
