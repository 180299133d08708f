import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalVersion, compareVersions, formatVersion, isPrerelease, parseVersion, type Version } from './versions.ts'

const identifier = fc.oneof(fc.nat().map(String), fc.stringMatching(/^[a-z-][0-9A-Za-z-]{0,5}$/))
const version: fc.Arbitrary<Version> = fc.record({
  major: fc.nat(3),
  minor: fc.nat(3),
  patch: fc.nat(3),
  prerelease: fc.array(identifier, { maxLength: 3 }),
  build: fc.array(identifier, { maxLength: 2 }),
})

describe('parseVersion', () => {
  test('the parts of a full version are told apart', () => {
    expect(parseVersion('1.2.3-rc.1.x-y+build.007')).toEqual({
      major: 1,
      minor: 2,
      patch: 3,
      prerelease: ['rc', '1', 'x-y'],
      build: ['build', '007'],
    })
  })

  // requirements.md PUB-04; protocol.md C61, C61b: such strings break the whole provider for Terraform before 1.13.
  test.each([
    '',
    'v1.0.0',
    '-1.0.0',
    'latest',
    '1.0.0.0',
    '01.0.0',
    '1.00.0',
    '1.0.0-01',
    '1.0.0-',
    '1.0.0+',
    '1.0.0-a..b',
    '1.0.0-ä',
    '1.0.0 ',
    ' 1.0.0',
    '1.0.0\n',
    '1.0.',
    '1..0',
    '1.x',
    '1.0.0/..',
    '٣.0.0',
    '9007199254740993.0.0',
    `1.0.0-${'a'.repeat(123)}`,
  ])('%j is refused', (text) => {
    expect(parseVersion(text)).toBeUndefined()
  })

  test('a canonical text is read back unchanged', () => {
    fc.assert(
      fc.property(version, (value) => {
        expect(parseVersion(formatVersion(value))).toEqual(value)
      }),
    )
  })
})

describe('canonicalVersion', () => {
  // protocol.md C61c: `1.0` is read as `1.0.0`, also in the download URL.
  test.each([
    ['1', '1.0.0'],
    ['1.2', '1.2.0'],
    ['1.2-beta', '1.2.0-beta'],
    ['1.2.3-rc.1+b1', '1.2.3-rc.1+b1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalVersion(text)).toBe(canonical)
  })

  test('a leading v is dropped only on request, and only one', () => {
    expect(canonicalVersion('v1.2.3')).toBeUndefined()
    expect(canonicalVersion('v1.2.3', { allowV: true })).toBe('1.2.3')
    expect(canonicalVersion('vv1.2.3', { allowV: true })).toBeUndefined()
  })
})

describe('compareVersions', () => {
  // semver.org 2.0.0, items 11.2 to 11.4, in the order given there.
  test('the ladder of the specification is in order', () => {
    const ladder = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.2',
      '1.0.10',
      '1.2.0',
      '1.10.0',
      '2.0.0',
    ]
    expect([...ladder].reverse().sort(compareVersions)).toEqual(ladder)
  })

  test('build metadata does not count', () => {
    expect(compareVersions('1.0.0+b1', '1.0.0+b2')).toBe(0)
  })

  test('numeric identifiers beyond exact integers are compared exactly', () => {
    expect(compareVersions('1.0.0-90071992547409930', '1.0.0-90071992547409931')).toBeLessThan(0)
  })

  test('letters are compared by code, not by language', () => {
    expect(compareVersions('1.0.0-B', '1.0.0-a')).toBeLessThan(0)
  })

  test('a text that is no version throws', () => {
    expect(() => compareVersions('1.0.0', 'latest')).toThrow('Cannot compare version "latest": it is not a semantic version')
  })

  test('it is a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)))
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 2000 },
    )
  })
})

test('only a prerelease part makes a pre-release', () => {
  expect(isPrerelease('1.0.0-rc.1')).toBe(true)
  expect(isPrerelease('1.0.0+rc-1')).toBe(false)
})
