import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLinkSigner } from './link-signer.ts'

const KEY = Buffer.alloc(32, 7)
const PATH = '/files/providers/a/b.zip'

function setUp(key: Uint8Array = KEY) {
  const clock = { ms: 1_700_000_000_000, now: () => clock.ms }
  return { clock, signer: createLinkSigner({ key, clock }) }
}

function parse(link: string) {
  const url = new URL(link, 'http://localhost')
  return { path: url.pathname, query: Object.fromEntries(url.searchParams) as Record<string, string> }
}

describe('link signer', () => {
  test('accepts its own link until the last second of its life', () => {
    const { clock, signer } = setUp()
    const { path, query } = parse(signer.sign(PATH, 900))
    expect(signer.verify(path, query)).toBe('valid')
    clock.ms += 899_999
    expect(signer.verify(path, query)).toBe('valid')
    clock.ms += 1
    expect(signer.verify(path, query)).toBe('expired')
  })

  test('another replica with the same key accepts it', () => {
    const { path, query } = parse(setUp().signer.sign(PATH, 900))
    expect(setUp().signer.verify(path, query)).toBe('valid')
  })

  test('another key does not accept it', () => {
    const { path, query } = parse(setUp().signer.sign(PATH, 900))
    expect(setUp(Buffer.alloc(32, 8)).signer.verify(path, query)).toBe('invalid')
  })

  test('a link reads one object only', () => {
    const { signer } = setUp()
    const { query } = parse(signer.sign(PATH, 900))
    expect(signer.verify(`${PATH}x`, query)).toBe('invalid')
    expect(signer.verify('/files/providers/a', query)).toBe('invalid')
  })

  test('a longer life needs another signature', () => {
    const { signer } = setUp()
    const { path, query } = parse(signer.sign(PATH, 900))
    expect(signer.verify(path, { ...query, expires: String(Number(query.expires) + 1) })).toBe('invalid')
  })

  test('an expired link with a wrong signature is wrong, not expired', () => {
    const { clock, signer } = setUp()
    const { path, query } = parse(signer.sign(PATH, 900))
    clock.ms += 10_000_000
    expect(signer.verify(`${path}x`, query)).toBe('invalid')
  })

  // Row 38 of reliability.md: text that moves across the border of two fields must not keep the signature (CVE-2026-58426).
  test('moving text from one field to the next invalidates the signature', () => {
    const { signer } = setUp()
    const { query } = parse(signer.sign(PATH, 900))
    expect(signer.verify(`${PATH}${query.expires?.slice(0, 1)}`, { ...query, expires: query.expires?.slice(1) })).toBe('invalid')
  })

  // protocol.md 5.4: the CLI strips `archive` from the address before it asks.
  test('other keys of the query do not matter', () => {
    const { signer } = setUp()
    const { path, query } = parse(signer.sign(PATH, 900))
    expect(signer.verify(path, { ...query, archive: 'zip' })).toBe('valid')
  })

  test.each([
    {},
    { expires: '1800000000' },
    { signature: 'x'.repeat(43) },
    { expires: ['1800000000', '1800000000'], signature: 'x'.repeat(43) },
    { expires: '1800000000', signature: ['x'.repeat(43)] },
    { expires: '-1', signature: 'x'.repeat(43) },
    { expires: '1e12', signature: 'x'.repeat(43) },
    { expires: '01800000000', signature: 'x'.repeat(43) },
    { expires: '1800000000', signature: '' },
    { expires: '1800000000', signature: 'é'.repeat(43) },
  ])('the query %j is invalid', (query) => {
    expect(setUp().signer.verify(PATH, query)).toBe('invalid')
  })

  test('changing any one character invalidates the link', () => {
    const { signer } = setUp()
    const link = signer.sign(PATH, 900)
    // The last character carries two bits that decode to nothing, so it is left out.
    fc.assert(
      fc.property(fc.integer({ min: 1, max: link.length - 2 }), fc.constantFrom(...'aZ09_-/.'), (at, character) => {
        fc.pre(link[at] !== character)
        const { path, query } = parse(link.slice(0, at) + character + link.slice(at + 1))
        return signer.verify(path, query) !== 'valid'
      }),
    )
  })

  test.each(['files/a', '/files/a?x=1', '/files/a#x'])('refuses to sign %j', (path) => {
    expect(() => setUp().signer.sign(path, 60)).toThrow(TypeError)
  })

  test('refuses a short key', () => {
    expect(() => setUp(new Uint8Array(16))).toThrow(TypeError)
  })
})
