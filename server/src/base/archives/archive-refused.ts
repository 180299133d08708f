/** The rules that reading an archive can find broken, whatever the archive is for. */
export type ArchiveRule =
  | 'not_a_zip'
  | 'zip64'
  | 'too_many_entries'
  | 'overlapping_entries'
  | 'damaged_content'
  | 'surplus_data'
  | 'header_mismatch'

/** One broken rule. */
export interface ArchiveProblem {
  readonly rule: ArchiveRule
  /** Entry name with control characters escaped, cut at 200 characters; absent when the whole archive is meant. */
  readonly entry?: string
  /** Place of the entry in the archive's list, from 1. */
  readonly index?: number
  /** A clause that follows the name: `is stored with two different sizes`. */
  readonly text: string
}

/** Ends the reading at once: going on would read beyond a limit or make no sense. */
export class ArchiveRefused<Problem extends { readonly text: string } = ArchiveProblem> extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.text)
    this.name = 'ArchiveRefused'
    this.problem = problem
  }
}

/** The name as it may be shown: control characters and quotes escaped, at most 200 characters. */
export function printableName(name: string): string {
  const escaped = JSON.stringify(name).slice(1, -1)
  return escaped.length > 200 ? `${escaped.slice(0, 199)}…` : escaped
}
