import type { Static, TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import type { ReceivedBytes } from '../../base/outbound/outbound.ts'
import { unusableAnswer } from '../../base/outbound/outbound-errors.ts'

/** Deeper than any document of the protocol; a parser further on may recurse. */
const MAX_DEPTH = 32

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])

/**
 * The JSON document in an upstream's answer, checked against what is read of it; other keys are let through.
 * @throws {RegistryError} UPSTREAM_REFUSED when it is not JSON, nested too deeply or of another shape.
 */
export function readDocument<Schema extends TSchema>(
  received: ReceivedBytes,
  validator: Validator<Record<never, never>, Schema>,
): Static<Schema> {
  const { body, finalUrl } = received
  if (isDeeperThan(body, MAX_DEPTH)) throw unusableAnswer(finalUrl, 'the answer is nested too deeply', { reason: 'depth' })
  const document = parseJson(received)
  if (validator.Check(document)) return document
  const [error] = validator.Errors(document)
  const place = error === undefined ? '' : `: "${error.instancePath.slice(0, 100)}" ${error.message}`
  throw unusableAnswer(finalUrl, `the answer is not the expected document${place}`, { reason: 'shape' })
}

function parseJson({ body, finalUrl }: ReceivedBytes): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
    throw unusableAnswer(finalUrl, 'the answer is not JSON', { reason: 'json' })
  }
}

/** Whether brackets outside of strings are nested deeper than `limit`. */
function isDeeperThan(json: Uint8Array, limit: number): boolean {
  let depth = 0
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] ?? 0
    if (byte === QUOTE) index = endOfString(json, index)
    else if (OPENING.has(byte)) depth += 1
    else if (CLOSING.has(byte)) depth -= 1
    if (depth > limit) return true
  }
  return false
}

/** Position of the closing quote, or the end of the text. */
function endOfString(json: Uint8Array, openingQuote: number): number {
  let index = openingQuote + 1
  while (index < json.length && json[index] !== QUOTE) index += json[index] === BACKSLASH ? 2 : 1
  return index
}
