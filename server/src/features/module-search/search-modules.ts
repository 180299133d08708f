import type { Db } from '../../base/database/open-database.ts'
import { listFoundModules, listWordsSpelt, type ModuleSearchFilter, type ModuleSort, type Page } from './module-search-queries.ts'
import { rankQuery, type SimilarWords, type Strictness } from './rank-rules.ts'
import { readSearchTerms, type SearchTerms } from './search-terms.ts'
import { closestWords, mayBeMisspelt, spellingsOf } from './spellings.ts'

/** A search as a client asks for it. */
export interface ModuleSearchInput extends ModuleSearchFilter, Page {
  /** What a person typed, never syntax; only the first 256 characters count. Blank lists all modules. */
  readonly q: string
  readonly sort: ModuleSort
}

/** One page of a search. */
export interface ModuleSearchResult {
  /** In the order asked for. */
  readonly moduleIds: readonly string[]
  /** On all pages. */
  readonly total: number
}

/** With fewer matches, words like the typed ones count too. */
const FEW = 3
const MAX_SIMILAR = 8

/**
 * Modules that match every word of the query, as typed or as a beginning. When that finds few, similar words count too, below the
 * typed ones; when it finds none, modules that match any of the words. Which of the three it was depends on the query and
 * the filters alone, so that pages fit together.
 */
export async function searchModules(db: Db, input: ModuleSearchInput): Promise<ModuleSearchResult> {
  const terms = readSearchTerms(input.q)
  if (terms === undefined) {
    if (input.q.trim() !== '') return { moduleIds: [], total: 0 }
    return listFoundModules(db, { ranked: undefined, filter: input, sort: input.sort }, input)
  }
  const find = (similar: SimilarWords, strictness: Strictness) =>
    listFoundModules(db, { ranked: rankQuery(terms, similar, strictness), filter: input, sort: input.sort }, input)

  const typed = await find(new Map(), 'all')
  if (typed.total >= FEW) return typed
  const similar = await findSimilarWords(db, terms)
  const alike = similar.size === 0 ? typed : await find(similar, 'all')
  return alike.total > 0 || terms.words.length === 1 ? alike : find(similar, 'any')
}

async function findSimilarWords(db: Db, { words }: SearchTerms): Promise<SimilarWords> {
  const similar = new Map<string, readonly string[]>()
  for (const word of words.filter(mayBeMisspelt)) {
    const closest = closestWords(word, await listWordsSpelt(db, spellingsOf(word)), MAX_SIMILAR)
    if (closest.length > 0) similar.set(word, closest)
  }
  return similar
}
