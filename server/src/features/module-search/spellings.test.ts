import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closestWords, mayBeMisspelt, spellingsOf } from './spellings.ts'

const KNOWN = ['kubernetes', 'lambda', 'redis', 'redshift', 'elasticsearch', 'vault', 'fault', 'bucket', 'buckets']

describe('the closest known words', () => {
  test.each([
    ['kuberntes', ['kubernetes'], 'a letter too few'],
    ['lambdda', ['lambda'], 'a letter too many'],
    ['radis', ['redis'], 'a wrong letter'],
    ['lmabda', ['lambda'], 'two letters swapped'],
    ['kubrenets', ['kubernetes'], 'two errors in a long word'],
    ['elasticsaerch', ['elasticsearch'], 'an error near the end'],
    ['kubrenet', ['kubernetes'], 'an error in a word that is still being typed'],
    ['dault', ['fault', 'vault'], 'two that are equally close'],
    ['rodas', [], 'two errors in a short word'],
    ['bucket', ['buckets'], 'the word itself is not another one'],
  ])('of %j are %j: %s', (typed, expected) => {
    expect(closestWords(typed, KNOWN, 8)).toEqual(expected)
  })

  test('are no more than asked for', () => {
    expect(closestWords('dault', KNOWN, 1)).toEqual(['fault'])
  })
})

test('a word and any single error in it share a spelling', () => {
  const mistake = fc.record({
    at: fc.nat(11),
    letter: fc.stringMatching(/^[a-z]$/),
    error: fc.constantFrom('drop', 'add', 'replace', 'swap'),
  })
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{4,12}$/), mistake, (word, { at, letter, error }) => {
      const wrong = misspell([...word], { at: at % word.length, letter, error })
      const spellings = spellingsOf(word)
      expect(spellingsOf(wrong).some((spelling) => spellings.includes(spelling))).toBe(true)
    }),
  )
})

function misspell(letters: readonly string[], { at, letter, error }: { at: number; letter: string; error: string }): string {
  const edits: Readonly<Record<string, readonly string[]>> = {
    drop: letters.toSpliced(at, 1),
    add: letters.toSpliced(at, 0, letter),
    replace: letters.with(at, letter),
    swap: letters.toSpliced(at, 2, ...letters.slice(at, at + 2).toReversed()),
  }
  return (edits[error] ?? letters).join('')
}

test('a word has eight spellings at most', () => {
  expect(spellingsOf('kubernetes')).toHaveLength(8)
})

test.each([
  ['vpc', false],
  ['1234', false],
  ['data', true],
  ['x'.repeat(33), false],
])('whether %j may be misspelt: %j', (word, expected) => {
  expect(mayBeMisspelt(word)).toBe(expected)
})
