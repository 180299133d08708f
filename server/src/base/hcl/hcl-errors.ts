/** Where and why a text is not HCL that we read. The message holds all of it, for people. */
export class HclSyntaxError extends Error {
  /** Line, from 1; undefined when the parser does not tell. */
  readonly line: number | undefined
  /** Column, from 1, in characters; undefined when the parser does not tell. */
  readonly column: number | undefined
  /** What is wrong, in a few words, without the position. */
  readonly summary: string

  constructor(
    summary: string,
    place: { filename: string; line?: number | undefined; column?: number | undefined; explanation?: string | undefined },
  ) {
    const { filename, line, column, explanation } = place
    const position = line === undefined ? filename : `${filename} line ${line}, column ${column}`
    super(`${position}: ${summary}${explanation ? `. ${explanation}` : ''}`)
    this.name = 'HclSyntaxError'
    this.line = line
    this.column = column
    this.summary = summary
  }
}

/** The text may be right, but reading it needs more than we spend on one text: too long, too deep or too slow. */
export class HclLimitError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'HclLimitError'
  }
}
