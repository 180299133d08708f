import { FIELD, type Field } from './fields.ts'
import type { SearchDocument } from './search-document.ts'
import { mayBeMisspelt } from './spellings.ts'
import { joinWords, nameWordsOf, wordsOf } from './words.ts'

// A README of a book's length or ten thousand inputs are cut; with these, the longest document fits a tsvector (1 MB).
const MAX_DESCRIPTION_WORDS = 300
const MAX_IDENTIFIER_WORDS = 1000
const MAX_WORDS = 3000
const MAX_SPELLED_WORDS = 1000

/** What a module is found by. */
export interface DocumentWords {
  /** For the index, each begins with the letter of its field. */
  readonly indexed: string[]
  /** Those that a misspelt word may have meant; not the README's, whose own mistakes would be offered as corrections. */
  readonly known: string[]
}

/** Takes a module apart into the words it is found by. */
export function documentWords(document: SearchDocument): DocumentWords {
  const { namespace, name, system } = document
  const nameParts = wordsOf(name)
  const names = distinct(nameWordsOf(name))
  const owners = distinct([...nameWordsOf(namespace), ...wordsOf(system)])
  const descriptions = distinct(wordsOf(document.description), MAX_DESCRIPTION_WORDS)
  const identifiers = [...document.resourceTypes, ...document.inputNames]
  const identifierWords = distinct(identifiers.flatMap(nameWordsOf), MAX_IDENTIFIER_WORDS)
  const everywhere = distinct([...names, ...owners, ...descriptions, ...identifierWords, ...wordsOf(document.readme)], MAX_WORDS)
  return {
    indexed: [
      ...inField(FIELD.wholeName, [joinWords(nameParts)]),
      ...inField(FIELD.address, addressWords(wordsOf(namespace), nameParts, wordsOf(system))),
      ...inField(FIELD.name, names),
      ...inField(FIELD.owner, owners),
      ...inField(FIELD.description, descriptions),
      ...inField(FIELD.identifier, identifierWords),
      ...inField(FIELD.anywhere, everywhere),
    ],
    known: distinct([...names, ...owners, ...descriptions, ...identifiers.flatMap(wordsOf)].filter(mayBeMisspelt), MAX_SPELLED_WORDS),
  }
}

/** `acme/vpc/aws`, `acme vpc`, `vpc aws` and `aws vpc` all name one module. */
function addressWords(namespace: readonly string[], name: readonly string[], system: readonly string[]): string[] {
  const addresses = [
    [...namespace, ...name, ...system],
    [...namespace, ...name],
    [...name, ...system],
    [...system, ...name],
  ]
  return distinct(addresses.map(joinWords))
}

function inField(field: Field, words: readonly string[]): string[] {
  return words.map((word) => field + word)
}

function distinct(words: readonly string[], limit = Number.POSITIVE_INFINITY): string[] {
  const kept = new Set<string>()
  for (const word of words) {
    if (kept.size >= limit) break
    kept.add(word)
  }
  return [...kept]
}
