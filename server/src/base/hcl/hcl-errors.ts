/** Where a flaw is, and more about it. */
export interface HclPlace {
  readonly filename: string
  /** Line, from 1; undefined when the parser does not tell. */
  readonly line?: number | undefined
  /** Column, from 1, in characters; undefined when the parser does not tell. */
  readonly column?: number | undefined
  /** What was expected, as a sentence without full stop. */
  readonly explanation?: string | undefined
}

/** A text that is not HCL, or not HCL that we read. The message holds name, place and reason, for people. */
export class HclSyntaxError extends Error {
  readonly line: number | undefined
  readonly column: number | undefined
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(summary: string, { filename, line, column, explanation }: HclPlace) {
    const reason = explanation ? `${summary}. ${explanation}` : summary
    super(`${line === undefined ? filename : `${filename} line ${line}, column ${column}`}: ${reason}`)
    this.name = 'HclSyntaxError'
    this.line = line
    this.column = column
    this.reason = reason
  }
}

/** The text may be right, but reading it needs more than we spend on one text: too long, too deep or too slow. */
export class HclLimitError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'HclLimitError'
  }
}

/** Message of an {@link HclLimitError}, for what neither the parser nor the thread around it can hold. */
export const TOO_MUCH_MEMORY = 'parsing takes too much memory'
