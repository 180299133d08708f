/** Something that the schema of one setting cannot tell. */
export interface RuleFinding {
  /** Settings that take part, the one to change first. */
  readonly keys: readonly [string, ...string[]]
  readonly problem: string
  /** The server starts in spite of it. */
  readonly warning?: true
}
