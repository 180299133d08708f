import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { secretProblem } from './secret-strength.ts'

const SHORT = 'has less than 256 bits'
const PLAIN = 'is too easy to guess'

describe('a secret that signs or seals', () => {
  test.each(['hex', 'base64', 'base64url'] as const)('of 32 random bytes in %s is strong enough, whatever they are', (encoding) => {
    const problems = Array.from({ length: 500 }, () => secretProblem(randomBytes(32).toString(encoding)))
    expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  })

  test('of many words is strong enough', () => {
    expect(secretProblem('correct horse battery staple, and seven more words of a long text')).toBeUndefined()
  })

  test.each([
    ['16 bytes in hexadecimal', randomBytes(16).toString('hex')],
    ['31 bytes in hexadecimal', randomBytes(31).toString('hex')],
    ['16 bytes in base64', randomBytes(16).toString('base64')],
    ['24 bytes in base64, which are 32 characters', randomBytes(24).toString('base64')],
    ['31 bytes in base64, padded', randomBytes(31).toString('base64')],
    ['32 letters', 'QwErTyUiOpAsDfGhJkLzXcVbNmqWeRtY'],
    ['32 characters of any kind', 'Qw3r!yUi0p/sDf.hJk$zXcV%Nm,WeR;Y'],
    ['64 digits', '4159265358979323846264338327950288419716939937510582097494459230'],
    ['a padding that is no content', `${'x7'.repeat(4)}${'='.repeat(80)}`],
    ['nothing', ''],
  ])('of %s is refused as too short', (_name, secret) => {
    expect(secretProblem(secret)).toContain(SHORT)
  })

  test.each([
    ['one letter', 'a'.repeat(100)],
    ['one hexadecimal digit', 'f'.repeat(64)],
    ['two letters', 'ab'.repeat(50)],
    ['a word again and again', 'terrace-secret-'.repeat(5)],
    ['half of it twice', 'f3a9c1d07b2e48560f1a2b3c4d5e6f70'.repeat(2)],
    ['few letters in disorder', 'xyxzxyxwxyxzxyxvxyxzxyxwxyxzxyxuxyxzxyxwxyxzxyxvxyxzxyxw'],
    ['letters and a tail', `${'x'.repeat(90)}Q7z`],
  ])('of %s is refused as easy to guess', (_name, secret) => {
    expect(secretProblem(secret)).toContain(PLAIN)
  })
})
