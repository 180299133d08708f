import type { Db } from '../../base/database/open-database.ts'
import { documentWords } from './document-words.ts'
import {
  addSearchDownloads,
  deleteModuleSearchRow,
  listKnownWords,
  saveIndexedWords,
  saveModuleSearchRow,
  saveSpellings,
} from './module-search-queries.ts'
import type { SearchDocument } from './search-document.ts'
import { spellingsOf } from './spellings.ts'

/**
 * Makes a module be found by what the document says, in place of what was there before. Part of the transaction that changes the
 * module; it has to come before the catalog revision is bumped.
 */
export async function indexModule(tx: Db, document: SearchDocument): Promise<void> {
  const { indexed, known } = documentWords(document)
  const docId = await saveModuleSearchRow(tx, {
    moduleId: document.moduleId,
    namespaceKey: document.namespace.toLowerCase(),
    nameKey: document.name.toLowerCase(),
    system: document.system,
    deprecated: document.deprecated ? 1 : 0,
    downloads: document.downloads,
    publishedAt: document.publishedAt,
  })
  await saveIndexedWords(tx, docId, indexed)
  await fileWords(tx, known)
}

/** Makes a module be found no longer. One that is not indexed is fine. */
export async function unindexModule(tx: Db, moduleId: string): Promise<void> {
  await deleteModuleSearchRow(tx, moduleId)
}

/** Counts downloads in for the order of lists, without indexing the module again. */
export async function countDownloads(db: Db, moduleId: string, count: number): Promise<void> {
  await addSearchDownloads(db, moduleId, count)
}

// A statement has thousands of parameters at most; a word takes sixteen.
const WORDS_PER_STATEMENT = 500

/**
 * Words are filed and never removed: one that no module has any more finds nothing and does no harm, while counting its uses would
 * make every two publishers wait for each other.
 */
async function fileWords(tx: Db, words: readonly string[]): Promise<void> {
  // In one order everywhere: two transactions that file the same new words wait for each other and never in a circle.
  const sorted = words.toSorted()
  for (let start = 0; start < sorted.length; start += WORDS_PER_STATEMENT) {
    const part = sorted.slice(start, start + WORDS_PER_STATEMENT)
    const entries = part.map((word) => ({ spelling: spellingsOf(word)[0] ?? word, word }))
    const filed = await listKnownWords(tx, entries)
    const rows = part.filter((word) => !filed.has(word)).flatMap((word) => spellingsOf(word).map((spelling) => ({ spelling, word })))
    if (rows.length > 0) await saveSpellings(tx, rows)
  }
}
