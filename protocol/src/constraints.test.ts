import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CONSTRAINT_OPERATORS, ConstraintError, formatConstraints, matchesConstraints, parseConstraints } from './constraints.ts'
import { formatVersion } from './versions.ts'

const matches = (version: string, constraints: string): boolean => matchesConstraints(version, parseConstraints(constraints))

const small = fc.nat(3)
const release = fc.tuple(small, small, small).map((parts) => parts.join('.'))
const prerelease = fc.tuple(release, fc.constantFrom('alpha', 'rc.1', 'rc.2')).map((parts) => parts.join('-'))
const anyVersion = fc.oneof(release, prerelease)

describe('matchesConstraints', () => {
  test.each([
    ['1.2.3', '1.2.3'],
    ['1.2.3', '= 1.2.3'],
    ['1.2.3', '=1.2.3'],
    ['1.2.0', '1.2'],
    ['1.0.0', '= 1'],
    ['1.2.4', '!= 1.2.3'],
    ['1.2.4', '> 1.2.3'],
    ['1.2.3', '>= 1.2.3'],
    ['1.2.2', '< 1.2.3'],
    ['1.2.3', '<=   1.2.3'],
    ['1.9.0', '~> 1.2'],
    ['1.2.0', '~> 1.2'],
    ['1.2.9', '~> 1.2.3'],
    ['1.9.9', '~> 1'],
    ['1.2.3', '~> 1.2.3-rc.1'],
    ['1.2.3', '>= 1.2.3-rc.1'],
    ['1.4.0', '>= 1.0, < 2.0,!= 1.3.0'],
    ['1.0.0+b1', '1.0.0+b1'],
    ['1.0.0+b1', '>= 1.0.0'],
    ['1.0.0', '<= 1.0.0+b1'],
  ])('%s matches %s', (version, constraints) => {
    expect(matches(version, constraints)).toBe(true)
  })

  test.each([
    ['1.2.3', '1.2'],
    ['1.2.3', '!= 1.2.3'],
    ['1.2.3', '> 1.2.3'],
    ['1.0.0', '> 1'],
    ['1.2.3', '< 1.2.3'],
    // Terraform's own reading, not that of npm: `~> 1.2` is `< 2.0`.
    ['2.0.0', '~> 1.2'],
    ['1.1.9', '~> 1.2'],
    ['1.3.0', '~> 1.2.3'],
    ['1.2.2', '~> 1.2.3'],
    ['2.0.0', '~> 1'],
    ['1.3.0', '>= 1.0, < 2.0, != 1.3.0'],
    ['1.0.0', '1.0.0, 2.0.0'],
    ['1.0.0+b1', '1.0.0'],
  ])('%s does not match %s', (version, constraints) => {
    expect(matches(version, constraints)).toBe(false)
  })

  // protocol.md C65 to C65d, B75 to B77.
  test('a pre-release matches its exact constraint only', () => {
    expect(matches('2.0.0-rc.1', '2.0.0-rc.1')).toBe(true)
    expect(matches('2.0.0-rc.1', '= 2.0.0-rc.1, >= 1.0')).toBe(true)
    expect(matches('2.0.0-rc.1', '= 2.0.0-rc.1, > 2.0.0-rc.1')).toBe(false)
    expect(matches('2.0.0-rc.1', '>= 2.0.0-rc.1')).toBe(false)
    expect(matches('2.0.0-rc.2', '>= 2.0.0-rc.1')).toBe(false)
    expect(matches('2.0.0-rc.1', '~> 2.0.0-rc.1')).toBe(false)
    expect(matches('2.0.0-rc.1', '!= 1.0.0')).toBe(false)
  })

  test('no constraint leaves out pre-releases only', () => {
    expect(matchesConstraints('1.0.0', [])).toBe(true)
    expect(matchesConstraints('1.0.0-rc.1', [])).toBe(false)
  })

  test('a text that is no version throws', () => {
    expect(() => matchesConstraints('latest', [])).toThrow(TypeError)
  })

  test('of releases, exactly one of <, =, > holds, and the wide operators are their unions', () => {
    fc.assert(
      fc.property(release, anyVersion, (version, boundary) => {
        const [less, same, greater] = ['<', '=', '>'].map((operator) => matches(version, `${operator} ${boundary}`))
        expect([less, same, greater].filter(Boolean)).toHaveLength(1)
        expect(matches(version, `<= ${boundary}`)).toBe(less || same)
        expect(matches(version, `>= ${boundary}`)).toBe(greater || same)
        expect(matches(version, `!= ${boundary}`)).toBe(!same)
      }),
    )
  })

  test('~> is the range that the documentation gives for it', () => {
    fc.assert(
      fc.property(release, fc.tuple(small, small, small), (candidate, [major, minor, patch]) => {
        expect(matches(candidate, `~> ${major}.${minor}.${patch}`)).toBe(
          matches(candidate, `>= ${major}.${minor}.${patch}, < ${major}.${minor + 1}.0`),
        )
        expect(matches(candidate, `~> ${major}.${minor}`)).toBe(matches(candidate, `>= ${major}.${minor}.0, < ${major + 1}.0.0`))
        expect(matches(candidate, `~> ${major}`)).toBe(matches(candidate, `>= ${major}.0.0, < ${major + 1}.0.0`))
      }),
    )
  })

  test('a comma means and', () => {
    const single = fc.tuple(fc.constantFrom(...CONSTRAINT_OPERATORS), release).map(([operator, version]) => `${operator} ${version}`)
    fc.assert(
      fc.property(release, single, single, (version, a, b) => {
        expect(matches(version, `${a}, ${b}`)).toBe(matches(version, a) && matches(version, b))
      }),
    )
  })
})

describe('parseConstraints', () => {
  test.each([
    ['', 'it is empty'],
    ['  ', 'it is empty'],
    ['1.0.0,', 'there is nothing before or after a comma'],
    [', 1.0.0', 'there is nothing before or after a comma'],
    ['>=', 'there is no version after the operator'],
    ['v1.0.0', '"v1.0.0" must not have a "v" before the version'],
    ['~> v1.0', '"v1.0" must not have a "v" before the version'],
    ['1.x', '"1.x" has a wildcard; leave out the parts that may vary and use "~>"'],
    ['1.2.*', '"1.2.*" has a wildcard; leave out the parts that may vary and use "~>"'],
    ['>= 1.0 < 2.0', '"1.0 < 2.0" is more than one version; separate constraints by commas'],
    ['1.0 || 2.0', '"1.0 || 2.0" is more than one version; separate constraints by commas'],
    ['1.0.0 - 2.0.0', '"1.0.0 - 2.0.0" is more than one version; separate constraints by commas'],
    ['=> 1.0', '"=>" is not an operator; did you mean ">="?'],
    ['^1.0', '"^" is not an operator; did you mean "~>"?'],
    ['== 1.0', '"==" is not an operator; did you mean "="?'],
    ['>>> 1.0', '">>>" is not an operator; use one of = != > >= < <= ~>'],
    ['~> 1.0.0.0', '"1.0.0.0" is not a version'],
    ['latest', '"latest" is not a version'],
    ['-1', '"-" is not an operator; use one of = != > >= < <= ~>'],
    ['1,'.repeat(501), 'it is longer than 1000 characters'],
  ])('%j is refused: %s', (text, reason) => {
    let caught: unknown
    try {
      parseConstraints(text)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(ConstraintError)
    expect(caught).toMatchObject({ reason })
  })

  test('no text makes it throw anything else', () => {
    const unit = fc.constantFrom('~', '>', '<', '=', '!', ' ', ',', '.', '1', '0', '-', '+', 'v', 'x', '\n', '__proto__')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        try {
          expect(parseConstraints(text).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(ConstraintError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('formatConstraints', () => {
  test.each([
    ['1.2', '= 1.2.0'],
    ['~>1', '~> 1'],
    ['~>1.2,!=1.3', '~> 1.2, != 1.3.0'],
    ['~> 1.2.3-rc.1', '~> 1.2.3-rc.1'],
    ['~> 1.2-rc.1', '~> 1.2-rc.1'],
  ])('%s is written %s', (text, formatted) => {
    expect(formatConstraints(parseConstraints(text))).toBe(formatted)
  })

  test('what is written is read back with the same meaning', () => {
    const partial = fc.oneof(
      small.map(String),
      fc.tuple(small, small).map((parts) => parts.join('.')),
      anyVersion,
    )
    fc.assert(
      fc.property(fc.constantFrom(...CONSTRAINT_OPERATORS), partial, (operator, text) => {
        const [constraint] = parseConstraints(`${operator}${text}`)
        const [again] = parseConstraints(formatConstraints(constraint === undefined ? [] : [constraint]))
        expect(again?.operator).toBe(operator)
        expect(again && formatVersion(again.version)).toBe(constraint && formatVersion(constraint.version))
        if (operator === '~>') expect(again?.parts).toBe(constraint?.parts)
      }),
    )
  })
})
