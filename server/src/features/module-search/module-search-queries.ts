import { type Insertable, type SelectQueryBuilder, sql } from 'kysely'
import { type Db, dialectOf } from '../../base/database/dialect.ts'
import type { ModuleSearchTable, Schema } from '../../base/database/schema.ts'
import type { WordIndex } from '../../base/database/word-index.ts'
import { type NamespaceReader, privateNamespacesOfOthers } from '../namespaces/index.ts'
import type { RankedQuery } from './rank-rules.ts'

const WORDS: WordIndex = { table: 'module_search_words', owner: 'module_search' }

/** Order of a list; ties are broken by name, so that pages never overlap. */
export type ModuleSort = 'relevance' | 'name' | 'downloads' | 'date'

/** Which modules to list; absent parts do not restrict. */
export interface ModuleSearchFilter {
  /** In any case. */
  readonly namespace?: string | undefined
  readonly system?: string | undefined
  readonly deprecated?: boolean | undefined
  /** Whose private namespaces are searched too. */
  readonly reader: NamespaceReader
}

/** Stores a module's row, in place of the one it had. @returns the number of its document. */
export async function saveModuleSearchRow(db: Db, row: Insertable<ModuleSearchTable>): Promise<number> {
  const { docId } = await db
    .insertInto('moduleSearch')
    .values(row)
    .onConflict((oc) => oc.column('moduleId').doUpdateSet(row))
    .returning('docId')
    .executeTakeFirstOrThrow()
  return docId
}

/** Stores the words of a document, in place of those it had. */
export async function saveIndexedWords(db: Db, docId: number, words: readonly string[]): Promise<void> {
  const statement = dialectOf(db).wordIndex.put(WORDS, docId, words)
  await statement.execute(db)
}

/** Removes a module's row, and with it its words. */
export async function deleteModuleSearchRow(db: Db, moduleId: string): Promise<void> {
  await db.deleteFrom('moduleSearch').where('moduleId', '=', moduleId).execute()
}

/** Adds to the downloads that lists are sorted by. */
export async function addSearchDownloads(db: Db, moduleId: string, count: number): Promise<void> {
  await db
    .updateTable('moduleSearch')
    .set((eb) => ({ downloads: eb('downloads', '+', count) }))
    .where('moduleId', '=', moduleId)
    .execute()
}

/** Those of the words that are already filed. `words` has at most a thousand entries. */
export async function listKnownWords(db: Db, entries: readonly { spelling: string; word: string }[]): Promise<Set<string>> {
  if (entries.length === 0) return new Set()
  const rows = await db
    .selectFrom('moduleSearchSpellings')
    .select('word')
    .where((eb) =>
      eb.and([
        eb(
          'spelling',
          'in',
          entries.map(({ spelling }) => spelling),
        ),
        eb(
          'word',
          'in',
          entries.map(({ word }) => word),
        ),
      ]),
    )
    .execute()
  return new Set(rows.map(({ word }) => word))
}

/** Files words under their spellings; those that are there already stay. */
export async function saveSpellings(db: Db, rows: readonly { spelling: string; word: string }[]): Promise<void> {
  await db
    .insertInto('moduleSearchSpellings')
    .values([...rows])
    .onConflict((oc) => oc.columns(['spelling', 'word']).doNothing())
    .execute()
}

const MAX_CANDIDATES = 1000

/** Known words filed under any of the spellings. */
export async function listWordsSpelt(db: Db, spellings: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('moduleSearchSpellings')
    .select('word')
    .distinct()
    .where('spelling', 'in', spellings)
    .orderBy('word')
    .limit(MAX_CANDIDATES)
    .execute()
  return rows.map(({ word }) => word)
}

/** A part of a list. */
export interface Page {
  readonly limit: number
  readonly offset: number
}

/** What to list: the best matches of a query, or without one everything. */
export interface ModuleSearch {
  readonly ranked: RankedQuery | undefined
  readonly filter: ModuleSearchFilter
  readonly sort: ModuleSort
}

/** One page of ids, and how many there are in all. */
export async function listFoundModules(db: Db, search: ModuleSearch, page: Page): Promise<{ moduleIds: string[]; total: number }> {
  const rows = await ordered(found(db, search), search.sort)
    .select((eb) => ['m.moduleId', eb.fn.countAll<number>().over().as('total')])
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  const [first] = rows
  const total = first === undefined && page.offset > 0 ? await countFoundModules(db, search) : (first?.total ?? 0)
  return { moduleIds: rows.map(({ moduleId }) => moduleId), total }
}

async function countFoundModules(db: Db, search: ModuleSearch): Promise<number> {
  const { total } = await found(db, search)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return total
}

type FoundModules = SelectQueryBuilder<Schema & { m: ModuleSearchTable; hit: Hit }, 'm' | 'hit', object>

interface Hit {
  docId: number
  score: number
}

function found(db: Db, { ranked, filter }: ModuleSearch): FoundModules {
  const hits = ranked === undefined ? everything() : matching(db, ranked)
  const { reader } = filter
  return db
    .selectFrom(hits.as('hit'))
    .innerJoin('moduleSearch as m', 'm.docId', 'hit.docId')
    .$if(filter.namespace !== undefined, (query) => query.where('m.namespaceKey', '=', filter.namespace?.toLowerCase() ?? ''))
    .$if(filter.system !== undefined, (query) => query.where('m.system', '=', filter.system ?? ''))
    .$if(filter.deprecated !== undefined, (query) => query.where('m.deprecated', '=', filter.deprecated === true ? 1 : 0))
    .$if(reader !== 'all', (query) =>
      query.where('m.namespaceKey', 'not in', privateNamespacesOfOthers(db, reader === 'all' ? [] : reader)),
    )
}

function everything() {
  return sql<Hit>`(select doc_id, 0 as score from module_search)`
}

// More than all rules can give together.
const MATCH_POINTS = 1_000_000

/** Every rule is a look-up of its own; the union adds the points, and drops what no more than a rule has found. */
function matching(db: Db, { match, rules }: RankedQuery) {
  const { wordIndex } = dialectOf(db)
  const lookUps = [wordIndex.find(WORDS, match, MATCH_POINTS), ...rules.map(({ query, points }) => wordIndex.find(WORDS, query, points))]
  return sql<Hit>`(select doc_id, sum(points) as score from (${sql.join(lookUps, sql` union all `)}) as look_up
    group by doc_id having max(points) = ${sql.lit(MATCH_POINTS)})`
}

function ordered(query: FoundModules, sort: ModuleSort): FoundModules {
  return ordering(query, sort).orderBy('m.nameKey').orderBy('m.namespaceKey').orderBy('m.system').orderBy('m.docId')
}

function ordering(query: FoundModules, sort: ModuleSort): FoundModules {
  switch (sort) {
    case 'relevance':
      // Among equals, what is in use comes first.
      return query.orderBy('hit.score', 'desc').orderBy('m.deprecated').orderBy('m.downloads', 'desc')
    case 'downloads':
      return query.orderBy('m.downloads', 'desc')
    case 'date':
      return query.orderBy('m.publishedAt', 'desc')
    case 'name':
      return query
  }
}
