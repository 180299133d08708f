import { parse } from '@cdktn/hcl2json'
import { HclSyntaxError } from '../../base/hcl/hcl-errors.ts'
import { PARSER_FILENAME, toSyntaxError } from '../../base/hcl/parser-failure.ts'
import type { AnalysisProblem } from './module-analysis.ts'

/** Attributes and nested blocks by name. */
export type Body = Readonly<Record<string, unknown>>

export type ParsedConfiguration = { readonly document: Body } | { readonly problem: AnalysisProblem }

/** The parser's memory is in an unknown state; the thread must end. */
export class BrokenParserError extends Error {}

/** No value that people write is nested so deeply; deeper ones would overflow the stack of whoever walks them. */
const MAX_DEPTH = 100

/**
 * Reads one configuration file, native syntax or JSON, told by its name. Expressions stay texts in `${…}`.
 * A file that does not parse gives a problem, with line and column where the parser tells them.
 * @throws {BrokenParserError} when the file has broken the parser
 */
export async function parseConfiguration(path: string, content: Uint8Array): Promise<ParsedConfiguration> {
  const text = decode(content)
  if (text === undefined) return { problem: { path, message: 'The file is not UTF-8' } }
  const parsed = path.endsWith('.json') ? parseJsonConfiguration(path, text) : await parseNative(path, text)
  if ('problem' in parsed) return parsed
  return isShallow(parsed.document, 0) ? parsed : { problem: { path, message: 'The file is nested too deeply' } }
}

/** True for what is a map of attributes, not a list or a plain value. */
export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

async function parseNative(path: string, text: string): Promise<ParsedConfiguration> {
  try {
    return { document: (await parse(PARSER_FILENAME, text)) as Body }
  } catch (error) {
    // What the parser says itself is a plain Error; a RangeError is its overflown stack.
    if (error instanceof RangeError) throw new BrokenParserError('is nested too deeply', { cause: error })
    if (error instanceof Error) return { problem: syntaxProblem(path, toSyntaxError(error.message, path)) }
    throw error
  }
}

function syntaxProblem(path: string, { line, column, reason }: HclSyntaxError): AnalysisProblem {
  return line === undefined || column === undefined ? { path, message: reason } : { path, line, column, message: reason }
}

/**
 * Reads a file in JSON syntax, of any depth. The runtime names the place of a flaw as `… (line 2 column 3)`, or quotes what stands
 * around it.
 */
export function parseJsonConfiguration(path: string, text: string): ParsedConfiguration {
  try {
    const document: unknown = JSON.parse(text)
    return isBody(document) ? { document } : { problem: { path, message: 'The file is not a JSON object' } }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(error.message) ?? []
    const message = `Invalid JSON: ${error.message.replace(/ \(line \d+ column \d+\)$/, '')}`
    return { problem: syntaxProblem(path, new HclSyntaxError(message, { filename: path, line: toNumber(line), column: toNumber(column) })) }
  }
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** False for a document that is nested too deeply for readers that walk it by calling themselves. `depth` of the value itself. */
export function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth < MAX_DEPTH && Object.values(value).every((child) => isShallow(child, depth + 1))
}
