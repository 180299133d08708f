import { joinWords, wordsOf } from './words.ts'

const MAX_QUERY_LENGTH = 256
const MAX_TERMS = 8
const MAX_NAMES = 4

// Said in every README or meant for people: they would only keep modules from being found.
const NOISE = new Set(
  'a an and as at by for from how in into is it my of on or the this to use with module modules terraform opentofu tofu'.split(' '),
)

/** A query as it was understood. */
export interface SearchTerms {
  /** What a module has to match, each; at least one. */
  readonly words: readonly string[]
  /** What the module may be called in full, as one word each. */
  readonly wholes: readonly string[]
  /** Parts written together with `-`, `_` or `.`, as one word each: `nat-gateway` is `natgateway`. */
  readonly names: readonly string[]
  /** Those of `names` with an underscore: inputs and resource types. */
  readonly identifiers: readonly string[]
}

/**
 * Reads what a person typed; there is no syntax, every text is a fine query.
 * @returns `undefined` when it has neither a letter nor a digit.
 */
export function readSearchTerms(text: string): SearchTerms | undefined {
  const units = text
    .slice(0, MAX_QUERY_LENGTH)
    .split(/[\s/,;]+/)
    .map((unit) => ({ unit, parts: wordsOf(unit) }))
  const all = units.flatMap(({ parts }) => parts)
  if (all.length === 0) return undefined
  const meant = all.filter((word) => !NOISE.has(word))
  const words = distinct(meant.length === 0 ? all : meant, MAX_TERMS)
  const compounds = units.filter(({ parts }) => parts.length > 1)
  return {
    words,
    wholes: distinct([joinWords(all), joinWords(words)], 2),
    names: distinct([...compounds.map(({ parts }) => joinWords(parts)), ...(words.length > 1 ? [joinWords(words)] : [])], MAX_NAMES),
    identifiers: distinct(
      compounds.filter(({ unit }) => unit.includes('_')).map(({ parts }) => joinWords(parts)),
      MAX_NAMES,
    ),
  }
}

function distinct(words: readonly string[], limit: number): string[] {
  return [...new Set(words)].slice(0, limit)
}
