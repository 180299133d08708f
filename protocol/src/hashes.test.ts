import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { formatH1, formatZh, PackageHash, parseHash, parseSha256Hex } from './hashes.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('parseHash', () => {
  // The worked example of protocol.md 4.8 and 4.4.
  test('both schemes are read', () => {
    expect(parseHash('h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=')).toEqual({
      scheme: 'h1',
      digest: 'plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=',
    })
    const hex = 'cf2ca3269f8c062ee73f0d372355b089039a9a85f2c1d7dccaf770c172f6c252'
    expect(parseHash(`zh:${hex}`)).toEqual({ scheme: 'zh', digest: hex })
  })

  // protocol.md 4.7, D12e to D12i: clients compare strings, so none of these would ever match.
  test.each([
    '',
    'plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=',
    'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs',
    'h1:plmZA0wgxzuhGnHL08CtOZxYq_Nr7WEy7AEtgtFdWZs=',
    // The last digit has bits that belong to no byte.
    'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZt=',
    'h2:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=',
    `zh:${'A'.repeat(64)}`,
    `zh:${'a'.repeat(63)}`,
    `zh:${'a'.repeat(64)}\n`,
  ])('%j is refused', (text) => {
    expect(parseHash(text)).toBeUndefined()
    expect(Value.Check(PackageHash, text)).toBe(false)
  })
})

test('every digest survives as h1, in the spelling of standard base64', () => {
  fc.assert(
    fc.property(digest, (bytes) => {
      const text = formatH1(bytes)
      expect(text).toBe(`h1:${Buffer.from(bytes).toString('base64')}`)
      expect(parseHash(text)?.scheme).toBe('h1')
      expect(Value.Check(PackageHash, text)).toBe(true)
    }),
  )
})

test('every digest survives as zh', () => {
  fc.assert(
    fc.property(digest, (bytes) => {
      const hex = Buffer.from(bytes).toString('hex')
      expect(formatZh(hex.toUpperCase())).toBe(`zh:${hex}`)
      expect(parseHash(formatZh(hex))).toEqual({ scheme: 'zh', digest: hex })
    }),
  )
})

test('a digest of another length is not formatted', () => {
  expect(() => formatH1(new Uint8Array(20))).toThrow('the digest has 20 bytes, not 32')
  expect(() => formatZh('abc')).toThrow('not 64 hex digits')
})

// protocol.md C31b: Terraform takes hex of either case.
test('hex of either case is read as lower case', () => {
  expect(parseSha256Hex('aB'.repeat(32))).toBe('ab'.repeat(32))
  expect(parseSha256Hex('ag'.repeat(32))).toBeUndefined()
  expect(parseSha256Hex(`${'ab'.repeat(32)}\n`)).toBeUndefined()
})
