import { type RawBuilder, sql } from 'kysely'

/** A word of letters and digits in lower case; with `prefix`, every word that begins so. */
export interface WordMatch {
  readonly word: string
  readonly prefix?: boolean
}

/** Which documents to find. Made of values only: no text of a user is ever read as syntax. */
export type WordQuery = WordMatch | { readonly all: readonly WordQuery[] } | { readonly any: readonly WordQuery[] }

/** Names, in the database's spelling, of an index and of the table whose `doc_id` numbers its documents. */
export interface WordIndex {
  readonly table: string
  readonly owner: string
}

/** A set of words per document, and how to find documents by them. The set goes with its row in the owner's table. */
export interface WordIndexSql {
  /** Type of the owner's primary key `doc_id`, which the database numbers by itself. */
  readonly docId: RawBuilder<unknown>
  create(index: WordIndex): readonly RawBuilder<unknown>[]
  /** Removes the index, before the owner's table. */
  drop(index: WordIndex): readonly RawBuilder<unknown>[]
  /** Stores a document's words in place of those it had. */
  put(index: WordIndex, docId: number, words: readonly string[]): RawBuilder<unknown>
  /** A select of `doc_id` and of the given number as `points`. */
  find(index: WordIndex, query: WordQuery, points: number): RawBuilder<unknown>
}

interface QuerySyntax {
  match(match: WordMatch): string
  readonly and: string
  readonly or: string
}

function write(query: WordQuery, syntax: QuerySyntax): string {
  if ('word' in query) {
    // Quoting would do for FTS5; that nothing else can arrive is what makes both databases read the same.
    if (!/^[\p{L}\p{N}]+$/u.test(query.word)) throw new TypeError('A word to search for has letters and digits only')
    return syntax.match(query)
  }
  const [parts, operator] = 'all' in query ? [query.all, syntax.and] : [query.any, syntax.or]
  if (parts.length === 0) throw new TypeError('A group of words to search for is empty')
  return `(${parts.map((part) => write(part, syntax)).join(operator)})`
}

// https://www.sqlite.org/fts5.html#full_text_query_syntax
const FTS5_SYNTAX: QuerySyntax = { match: ({ word, prefix }) => (prefix === true ? `"${word}" *` : `"${word}"`), and: ' AND ', or: ' OR ' }

/** FTS5 without content, positions or ranking: the sets of words alone. */
export const SQLITE_WORD_INDEX: WordIndexSql = {
  docId: sql`integer`,
  create: ({ table, owner }) => [
    // `ascii` takes every character beyond ASCII as part of a word, so that words stay as they were made.
    sql`create virtual table ${sql.raw(table)}
      using fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='3 4')`,
    sql`create trigger ${sql.raw(`${owner}_deleted`)} after delete on ${sql.raw(owner)}
      begin delete from ${sql.raw(table)} where rowid = old.doc_id; end`,
  ],
  drop: ({ table }) => [sql`drop table ${sql.raw(table)}`],
  put: ({ table }, docId, words) => sql`insert or replace into ${sql.raw(table)} (rowid, words) values (${docId}, ${words.join(' ')})`,
  find: ({ table }, query, points) =>
    sql`select rowid as doc_id, ${sql.lit(points)} as points from ${sql.raw(table)} where ${sql.raw(table)} match ${write(query, FTS5_SYNTAX)}`,
}

// https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY
const TSQUERY_SYNTAX: QuerySyntax = { match: ({ word, prefix }) => (prefix === true ? `'${word}':*` : `'${word}'`), and: ' & ', or: ' | ' }

/** A `tsvector` made of the words as they are: no parser and no dictionary of the server has a say. */
export const POSTGRES_WORD_INDEX: WordIndexSql = {
  docId: sql`bigserial`,
  create: ({ table, owner }) => [
    // A table of its own: what changes often in the owner's row must not touch the index.
    sql`create table ${sql.raw(table)} (
      doc_id bigint primary key references ${sql.raw(owner)} (doc_id) on delete cascade,
      words tsvector not null
    )`,
    sql`create index ${sql.raw(`${table}_words`)} on ${sql.raw(table)} using gin (words)`,
    // The planner does not count what it costs to fetch a large value, and would read every document's words one by one.
    sql`create function ${sql.raw(`${table}_find`)}(query tsquery) returns setof bigint language sql stable
      set enable_seqscan = off set jit = off
      as ${sql.lit(`select doc_id from ${table} where words @@ query`)}`,
  ],
  drop: ({ table }) => [sql`drop function ${sql.raw(`${table}_find`)}(tsquery)`, sql`drop table ${sql.raw(table)}`],
  put: ({ table }, docId, words) => sql`insert into ${sql.raw(table)} (doc_id, words)
    values (${docId}, array_to_tsvector(${[...words]}::text[]))
    on conflict (doc_id) do update set words = excluded.words`,
  find: ({ table }, query, points) =>
    sql`select doc_id, ${sql.lit(points)} as points from ${sql.raw(`${table}_find`)}(${write(query, TSQUERY_SYNTAX)}::tsquery) as doc_id`,
}
