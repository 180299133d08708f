import { HclSyntaxError } from './hcl-errors.ts'

/** Name that the text must have while it is parsed; {@link toSyntaxError} puts the real one in its place. */
export const PARSER_FILENAME = 'input.hcl'

/** A text of one megabyte can have as many flaws as lines, and the parser names them all. */
const NEXT_FLAW = /\. input\.hcl:\d+,\d+-[\d,]+: /

/** The first flaw that the parser names: `parse config: [input.hcl:2,18-19: Missing item separator; Expected a comma …]`. */
export function toSyntaxError(failure: string, filename: string): HclSyntaxError {
  const match = /input\.hcl:(\d+),(\d+)-[\d,]+: ([^;]+); (.*)/s.exec(failure)
  if (!match) return new HclSyntaxError(failure.replace(/^.*: /s, ''), { filename })
  const [, line, column, summary = '', rest = ''] = match
  const [first = ''] = rest.split(NEXT_FLAW, 1)
  const explanation = first.replace(/\]$/, '').replaceAll(PARSER_FILENAME, filename).replace(/\.$/, '')
  return new HclSyntaxError(summary, { filename, line: Number(line), column: Number(column), explanation })
}
