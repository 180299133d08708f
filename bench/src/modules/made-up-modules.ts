import type { SearchDocument } from '@terrace/server/features/module-search/index.ts'
import { GOLDEN_DOCUMENTS } from '@terrace/server/testing/golden-modules.ts'
import { searchDocument } from '@terrace/server/testing/test-search.ts'

const SYSTEMS = ['aws', 'aws', 'aws', 'azurerm', 'google', 'kubernetes'] as const
const NAMESPACES = 200
const MADE_UP_WORDS = 6000
const SYLLABLES = 'ba ce di fo gu la me ni or pu ra se ti vo wa ex in st tr pl'.split(' ')
/** What nearly every README says; the words that many people search for are among them. */
const EVERYWHERE =
  'terraform module aws example usage inputs outputs requirements providers resources version name default string list bool enable create network cluster vpc private subnets policy key role security group database server bucket'.split(
    ' ',
  )

/**
 * A registry of a large company: the golden modules of the tests, and made-up ones in their words and in words of their own, some
 * common, most rare. The same for the same count.
 */
export function makeUpModules(count: number): SearchDocument[] {
  const words = new WordSource()
  return Array.from({ length: count }, (_, index) => GOLDEN_DOCUMENTS[index] ?? makeUpModule(index, words))
}

function makeUpModule(index: number, words: WordSource): SearchDocument {
  const name = words.list(1 + (index % 3)).join('-')
  const system = SYSTEMS[index % SYSTEMS.length]
  return searchDocument(`team-${index % NAMESPACES}/${name}-${index}/${system}`, {
    description: words.list(12).join(' '),
    // Every tenth is a long one.
    readme: [...EVERYWHERE.filter(() => words.chance(0.5)), ...words.list(index % 10 === 0 ? 1500 : 300)].join(' '),
    inputNames: Array.from({ length: 25 }, () => words.list(3).join('_')),
    resourceTypes: Array.from({ length: 8 }, () => `${system}_${words.list(2).join('_')}`),
    downloads: (index * 7919) % 10_000,
    deprecated: index % 20 === 0,
    publishedAt: 1_790_000_000_000 + index,
  })
}

/** Words by a generator of its own, so that two runs search the same. */
class WordSource {
  #state = 42
  readonly #words: readonly string[]

  constructor() {
    const texts = GOLDEN_DOCUMENTS.flatMap(({ description, readme, inputNames }) => [description, readme, ...inputNames])
    const golden = new Set(
      texts
        .join(' ')
        .toLowerCase()
        .match(/[a-z]{3,}/g) ?? [],
    )
    this.#words = [...golden, ...Array.from({ length: MADE_UP_WORDS }, () => this.#makeUpWord())]
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.#next() < probability
  }

  list(length: number): string[] {
    // The cube makes the first words common and the last ones rare, roughly as in a language.
    return Array.from({ length }, () => this.#words[Math.floor(this.#next() ** 3 * this.#words.length)] ?? '')
  }

  #makeUpWord(): string {
    const pick = () => SYLLABLES[Math.floor(this.#next() * SYLLABLES.length)] ?? ''
    return Array.from({ length: 2 + Math.floor(this.#next() * 4) }, pick).join('')
  }

  /** A linear congruential generator: from 0 to 1, without 1. */
  #next(): number {
    this.#state = (this.#state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return this.#state / 4_294_967_296
  }
}
