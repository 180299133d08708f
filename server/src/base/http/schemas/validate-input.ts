import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { TSchema } from 'typebox'

type Validator = ReturnType<typeof TypeBoxValidatorCompiler>

/**
 * Makes the check of one part of a request. Path parameters are always text, so where their schema asks for text and nothing but
 * patterns, only those are looked at: the general way, with its conversions, costs as much as the rest of a protocol answer.
 * What the short way does not accept is left to the general one, which also words the refusal.
 */
export function compileValidator(route: Parameters<typeof TypeBoxValidatorCompiler>[0]): Validator {
  const general = TypeBoxValidatorCompiler(route)
  // A body is not converted, and may be no object at all.
  const check = route.httpPart === 'body' ? general : refuseBrokenNumbers(route.schema, general)
  const patterns = route.httpPart === 'params' ? listPatterns(route.schema) : undefined
  if (patterns === undefined) return check
  return (value: Readonly<Record<string, string>>) =>
    patterns.every(([name, pattern]) => pattern.test(value[name] ?? '')) ? { value } : check(value)
}

/** A text that is not a whole number is left as it is, and so refused: the conversion would cut `1.5` to 1. */
function refuseBrokenNumbers(schema: TSchema, check: Validator): Validator {
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, TextSchema>> }
  const numbers = Object.keys(properties).filter((name) => properties[name]?.type === 'integer')
  if (numbers.length === 0) return check
  return (value: Readonly<Record<string, unknown>>) => {
    const broken = numbers.filter((name) => typeof value[name] === 'string' && !/^-?\d+$/.test(value[name]))
    return check(broken.length === 0 ? value : { ...value, ...Object.fromEntries(broken.map((name) => [name, 'no number'])) })
  }
}

/** Names and patterns of an object of texts; `undefined` when the schema asks for anything else as well. */
function listPatterns(schema: TSchema): [name: string, pattern: RegExp][] | undefined {
  const { type, properties } = schema as { readonly type?: string; readonly properties?: Readonly<Record<string, TextSchema>> }
  if (type !== 'object' || properties === undefined) return undefined
  const texts = Object.entries(properties)
  if (!texts.every(([, text]) => isPlainText(text))) return undefined
  return texts.flatMap(([name, { pattern }]) => (pattern === undefined ? [] : [[name, new RegExp(pattern, 'u')]]))
}

interface TextSchema {
  readonly type?: string
  readonly pattern?: string
}

const UNDERSTOOD = new Set(['type', 'pattern', 'description', 'title', 'examples'])

function isPlainText(schema: TextSchema): boolean {
  return schema.type === 'string' && Object.keys(schema).every((key) => UNDERSTOOD.has(key))
}
