import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinWords, nameWordsOf, stemOf, wordsOf } from './words.ts'

describe('the words of a text', () => {
  test.each([
    ['Managed Kubernetes (EKS), v1.30', ['managed', 'kubernetes', 'eks', 'v1', '30']],
    ['Sécurité du RÉSEAU', ['securite', 'du', 'reseau']],
    ['aws_s3_bucket', ['aws', 's3', 'bucket']],
    ['İstanbul ﬁle', ['istanbul', 'file']],
    ['"vpc" OR name:* NEAR(a b)', ['vpc', 'or', 'name', 'near', 'a', 'b']],
    ['  -- *** ', []],
  ])('%j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  test('are letters and digits whatever the text is, bounded, and their own words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const word of wordsOf(text)) {
          expect(word).toMatch(/^[\p{L}\p{N}]{1,64}$/u)
          expect(wordsOf(word)).toEqual([word])
        }
      }),
    )
  })

  test('that are too long are cut, never through a character', () => {
    expect(wordsOf('x'.repeat(1000))).toEqual(['x'.repeat(64)])
    expect(wordsOf(`x${'𐐨'.repeat(64)}`)).toEqual([`x${'𐐨'.repeat(31)}`])
    expect(joinWords(['x'.repeat(60), 'y'.repeat(60)])).toHaveLength(64)
  })
})

test('a name is its parts and every end of it as one word', () => {
  expect(nameWordsOf('aws_s3_bucket')).toEqual(['aws', 's3', 'bucket', 'awss3bucket', 's3bucket'])
  expect(nameWordsOf('vpc')).toEqual(['vpc'])
  expect(nameWordsOf('')).toEqual([])
})

test.each([
  ['clusters', 'cluster'],
  ['policies', 'polic'],
  ['access', 'access'],
  ['dns', 'dns'],
])('%j begins like %j', (word, stem) => {
  expect(stemOf(word)).toBe(stem)
})
