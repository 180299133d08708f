import { HclLimitError, HclSyntaxError } from './hcl-errors.ts'
import { HclThread } from './hcl-thread.ts'
import { type FoundExpression, type HclValue, resolveLiterals, TEMPLATE } from './literal-values.ts'
import { toSyntaxError } from './parser-failure.ts'

/** Limits for one text. */
export interface ParseHclOptions {
  /** Longest parse, in milliseconds; the start of the parser does not count. */
  readonly timeoutMs?: number
  /** Longest text, in bytes of UTF-8. */
  readonly maxBytes?: number
}

const DEFAULT_TIMEOUT_MS = 2000
const DEFAULT_MAX_BYTES = 1_048_576

const thread = new HclThread()

/**
 * The document as plain values. Blocks become lists, because a block may stand more than once: `server { port = 1 }` is
 * `{ server: [{ port: 1 }] }`, and labels become keys: `provider "a/b" { … }` is `{ provider: { 'a/b': [{ … }] } }`.
 * Order and positions of the blocks are lost. Only literal values are read; expressions are refused.
 *
 * The parser is loaded at the first call, in a thread of its own.
 * @param filename stands in messages only.
 * @throws {HclSyntaxError} naming line and column
 * @throws {HclLimitError} when the text is too long, too deeply nested, or takes too long or too much memory
 */
export async function parseHcl(text: string, filename: string, options: ParseHclOptions = {}): Promise<Readonly<Record<string, HclValue>>> {
  const { value, expression } = resolveLiterals(await readHcl(text, filename, options))
  if (expression !== undefined) throw expressionError(text, filename, expression)
  return value as Readonly<Record<string, HclValue>>
}

/**
 * The same for configurations: expressions are not refused but stay texts in `${…}`, as the parser gives them.
 * @throws as `parseHcl`
 */
export async function readHcl(text: string, filename: string, options: ParseHclOptions = {}): Promise<unknown> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) throw new HclLimitError(`the text has ${bytes} bytes, the limit is ${maxBytes}`)
  const reply = await thread.parse(text, timeoutMs)
  if ('broken' in reply) throw new HclLimitError(reply.broken)
  if ('failure' in reply) throw toSyntaxError(reply.failure, filename)
  if (!('document' in reply)) throw new TypeError('The HCL thread gave no document')
  return reply.document
}

/** Ends the parser's thread, so that a test or a stopping server leaves nothing behind. */
export function closeHclParser(): Promise<void> {
  return thread.close()
}

/**
 * The parser tells no position of an expression; it is searched for, or else the first template mark of the text is named.
 * The expression is not quoted, because it may stand in a secret.
 */
function expressionError(text: string, filename: string, { attribute, source }: FoundExpression): HclSyntaxError {
  const offset = findOnce(text, /^\$\{(.*)\}$/s.exec(source)?.[1] ?? source) ?? TEMPLATE.exec(text)?.index
  const before = text.slice(0, offset).split('\n')
  const place = offset === undefined ? {} : { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 }
  return new HclSyntaxError('Expression not allowed', { filename, ...place, explanation: `Only plain values can stand in "${attribute}"` })
}

function findOnce(text: string, part: string): number | undefined {
  const offset = text.indexOf(part)
  return offset >= 0 && text.lastIndexOf(part) === offset ? offset : undefined
}
