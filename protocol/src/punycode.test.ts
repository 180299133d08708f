import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePunycode } from './punycode.ts'

describe('decodePunycode', () => {
  // Samples of RFC 3492, section 7.1 (B, C, I, L), lower-cased as in host names.
  test.each([
    ['ihqwcrb4cv8a8dqg056pqjye', '他们为什么不说中文'],
    ['ihqwctvzc91f659drss3x8bo0yb', '他們爲什麽不說中文'],
    ['b1abfaaepdrnnbgefbadotcwatmq2g4l', 'почемужеонинеговорятпорусски'],
    ['3b-ww4c5e180e575a65lsy2b', '3年b組金八先生'],
    ['caf-dma', 'café'],
  ])('%s stands for %s', (encoded, unicode) => {
    expect(decodePunycode(encoded)).toBe(unicode)
  })

  // A digit that is none, a number cut off, a code point beyond Unicode, a number beyond exact integers.
  test.each(['é', 'a_b', 'A', 'z', '99999b', '9999999999999999999999'])('%j is not Punycode', (text) => {
    expect(decodePunycode(text)).toBeUndefined()
  })

  test('every label that the URL parser encodes decodes to the same label', () => {
    const letter = fc.constantFrom(...'abcxyz09éüñçøåąłđčшжяαβγω中文字日本語한국어אבגהिक')
    fc.assert(
      fc.property(fc.string({ unit: letter, minLength: 1, maxLength: 12 }), (label) => {
        const url = `https://${label}/`
        if (!URL.canParse(url)) return
        const encoded = new URL(url).hostname
        if (!encoded.startsWith('xn--')) return
        const decoded = decodePunycode(encoded.slice(4)) ?? ''
        expect(decoded).not.toMatch(/^[ -~]*$/)
        expect(new URL(`https://${decoded}/`).hostname).toBe(encoded)
        expect(decoded).toBe(label.normalize('NFC'))
      }),
      { numRuns: 1000 },
    )
  })

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789-'), maxLength: 60 }), (text) => {
        expect(() => decodePunycode(text)).not.toThrow()
      }),
    )
  })
})
