/**
 * Where a word stands, as the letter it begins with in the index: a module named `vpc` has the words `nvpc`, `wvpc` and `avpc`.
 * So one set of words per module answers where a match is, on any database and without weights or positions.
 */
export const FIELD = {
  /** The whole name as one word. */
  wholeName: 'w',
  /** The name together with its namespace, its system or both, in the ways they are typed. */
  address: 'x',
  name: 'n',
  /** Namespace and system. */
  owner: 'o',
  description: 'd',
  /** Inputs and resource types. */
  identifier: 'i',
  /** Any of them, or the README. */
  anywhere: 'a',
} as const

/** A place a word may stand in. */
export type Field = (typeof FIELD)[keyof typeof FIELD]
