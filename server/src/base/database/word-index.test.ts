import { describe, expect, test } from 'vitest'
import { POSTGRES_WORD_INDEX, SQLITE_WORD_INDEX } from './word-index.ts'

const INDEX = { table: 'words', owner: 'documents' }

// What a query may hold is tested through the search of modules; here, that a mistake of its caller goes nowhere.
describe.each([
  ['FTS5', SQLITE_WORD_INDEX],
  ['tsquery', POSTGRES_WORD_INDEX],
])('a query in %s', (_name, { find }) => {
  test.each(['a"b', "a'b", 'a b', 'a*', 'a:b', 'a\\', ''])('is never made of %j', (word) => {
    expect(() => find(INDEX, { all: [{ word: 'fine' }, { any: [{ word }] }] }, 1)).toThrow('letters and digits only')
  })

  test('is never empty', () => {
    expect(() => find(INDEX, { any: [] }, 1)).toThrow('is empty')
  })
})
