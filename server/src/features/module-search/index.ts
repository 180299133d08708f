/**
 * Module search: finds modules by name, namespace, system, description, inputs, resource types and README.
 *
 * Words are made here, not by the databases: a module becomes a set of words, each marked with the place it stands in, and a query
 * becomes look-ups in such sets (FTS5 on SQLite, `tsvector` on PostgreSQL), each worth some points. So both databases find the same
 * modules in the same order. Misspelt words are looked up in a table of known words by their spellings with a letter left out,
 * which needs no extension of the database.
 *
 * Invariants:
 * - A text of a client is taken apart into letters and digits before anything else; it cannot carry an operator.
 * - A single word ranks: exact name, beginning of a name, misspelt name, namespace or system, description, inputs and resource
 *   types, README; then modules that are not deprecated, and by downloads.
 * - A module is indexed in the transaction that changes it, and forgotten with its row: a crash leaves nothing to repair.
 * - Words per module, per query and per look-up are bounded.
 */
export { countDownloads, indexModule, unindexModule } from './index-module.ts'
export type { ModuleSort } from './module-search-queries.ts'
export { SearchChoices } from './search-choices.ts'
export type { SearchDocument } from './search-document.ts'
export { type ModuleSearchInput, type ModuleSearchResult, searchModules } from './search-modules.ts'
