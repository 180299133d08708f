import type { WordQuery } from '../../base/database/word-index.ts'
import { FIELD, type Field } from './fields.ts'
import type { SearchTerms } from './search-terms.ts'
import { stemOf } from './words.ts'

/** Modules that match get points; more rules, more points. */
export interface RankRule {
  readonly query: WordQuery
  readonly points: number
}

/** What has to match, and what makes one match better than another. */
export interface RankedQuery {
  readonly match: WordQuery
  readonly rules: readonly RankRule[]
}

/** What else a word of the query may have meant. */
export type SimilarWords = ReadonlyMap<string, readonly string[]>

/** Whether a module has to match all words of the query or only one of them. */
export type Strictness = 'all' | 'any'

/*
 * For one word: exact name > beginning of a name > misspelt name > namespace or system > description > inputs and resources >
 * README. An exact name matches as a beginning too and gets both. Each step is more than all smaller ones together, so that a word
 * in the README never beats a name, however often it is repeated elsewhere.
 */
const POINTS = {
  wholeName: 3000,
  name: 1000,
  nameBegins: 800,
  nameSimilar: 400,
  owner: 200,
  description: 100,
  descriptionSimilar: 50,
  identifier: 20,
  identifierSimilar: 10,
}

/** For the query as a whole. */
const WHOLE_POINTS = { wholeName: 8000, wholeNameBegins: 500, address: 6000, name: 1500, identifier: 3000, identifierBegins: 300 }

/** The query in the terms of the index. */
export function rankQuery(terms: SearchTerms, similar: SimilarWords, strictness: Strictness): RankedQuery {
  const each = terms.words.map((word) => anywhere(word, similar.get(word) ?? []))
  return {
    match: strictness === 'all' ? { all: each } : { any: each },
    rules: [...terms.words.flatMap((word) => wordRules(word, similar.get(word) ?? [])), ...wholeRules(terms)],
  }
}

/** A single letter is looked for as a beginning in names only: it begins some word of every README. */
function anywhere(word: string, similar: readonly string[]): WordQuery {
  const typed =
    word.length > 1 ? [begins(FIELD.anywhere, word)] : [is(FIELD.anywhere, word), begins(FIELD.name, word), begins(FIELD.owner, word)]
  return { any: [...typed, ...similar.map((other) => is(FIELD.anywhere, other))] }
}

function wordRules(word: string, similar: readonly string[]): RankRule[] {
  const rules = [
    { query: is(FIELD.wholeName, word), points: POINTS.wholeName },
    { query: is(FIELD.name, word), points: POINTS.name },
    { query: begins(FIELD.name, word), points: POINTS.nameBegins },
    { query: begins(FIELD.owner, word), points: POINTS.owner },
    { query: begins(FIELD.description, word), points: POINTS.description },
    { query: begins(FIELD.identifier, word), points: POINTS.identifier },
  ]
  if (similar.length === 0) return rules
  const anyOf = (field: Field): WordQuery => ({ any: similar.map((other) => is(field, other)) })
  return [
    ...rules,
    { query: anyOf(FIELD.name), points: POINTS.nameSimilar },
    { query: anyOf(FIELD.description), points: POINTS.descriptionSimilar },
    { query: anyOf(FIELD.identifier), points: POINTS.identifierSimilar },
  ]
}

function wholeRules({ wholes, names, identifiers }: SearchTerms): RankRule[] {
  return [
    ...wholes.flatMap((whole) => [
      { query: is(FIELD.wholeName, whole), points: WHOLE_POINTS.wholeName },
      { query: begins(FIELD.wholeName, whole), points: WHOLE_POINTS.wholeNameBegins },
      { query: is(FIELD.address, whole), points: WHOLE_POINTS.address },
    ]),
    ...names.map((name) => ({ query: is(FIELD.name, name), points: WHOLE_POINTS.name })),
    ...identifiers.flatMap((identifier) => [
      { query: is(FIELD.identifier, identifier), points: WHOLE_POINTS.identifier },
      { query: begins(FIELD.identifier, identifier), points: WHOLE_POINTS.identifierBegins },
    ]),
  ]
}

function is(field: Field, word: string): WordQuery {
  return { word: field + word }
}

function begins(field: Field, word: string): WordQuery {
  return { word: field + stemOf(word), prefix: true }
}
