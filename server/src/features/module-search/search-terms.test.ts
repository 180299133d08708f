import { describe, expect, test } from 'vitest'
import { readSearchTerms } from './search-terms.ts'

describe('a query', () => {
  test('in words needs each of them and may be one name', () => {
    expect(readSearchTerms('Security group')).toEqual({
      words: ['security', 'group'],
      wholes: ['securitygroup'],
      names: ['securitygroup'],
      identifiers: [],
    })
  })

  test('loses what every module says of itself, unless it is all there is', () => {
    expect(readSearchTerms('a Terraform module for the vpc')?.words).toEqual(['vpc'])
    expect(readSearchTerms('terraform module')?.words).toEqual(['terraform', 'module'])
  })

  test('with an underscore names an input or a resource type', () => {
    expect(readSearchTerms('aws_s3_bucket acl')).toMatchObject({ words: ['aws', 's3', 'bucket', 'acl'], identifiers: ['awss3bucket'] })
  })

  test('is read to a limit', () => {
    expect(readSearchTerms('one two three four five six seven eight nine ten')?.words).toHaveLength(8)
    expect(readSearchTerms(`${' '.repeat(256)}vpc`)).toBeUndefined()
  })

  test.each(['', '  ', '"', '*', '()', '\u0000', '-- ;'])('without a letter or digit is none: %j', (text) => {
    expect(readSearchTerms(text)).toBeUndefined()
  })
})
