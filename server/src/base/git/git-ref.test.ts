import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { hasGit } from '../../testing/git-server.ts'
import { checkRef, fullRefNames, isCommitId, isShortCommitId } from './git-ref.ts'

const GOOD = [
  'main',
  'HEAD',
  'v1.2.3',
  'v1.2.3-rc.1+build.5',
  'feature/a-b_c',
  'refs/heads/main',
  'refs/tags/v1',
  'tags/v1',
  'release/2024.01',
  'a@b',
  'a{b}',
  "it's",
  'a"b',
  'a$b',
  'a;b',
  'a|b',
  'a&b',
  '$(touch)',
  '`touch`',
  'a#b',
  'a%b',
  'a,b',
  'a!b',
  'a(b)',
  'a<b>',
  'a-',
  '@a',
  'a@',
  '\u00fcber',
  '\u65e5\u672c',
  '0123456789abcdef0123456789abcdef01234567',
]

// reliability.md row 19
const HOSTILE = [
  '',
  '-',
  '--upload-pack=touch /tmp/pwned',
  '--upload-pack=touch',
  '-u',
  '-cprotocol.ext.allow=always',
  '--exec=touch',
  '--output=/etc/passwd',
  '--',
  '@',
  '@{-1}',
  'main@{0}',
  'main@{yesterday}',
  'a..b',
  '..',
  '../main',
  'a/../b',
  '.',
  '.hidden',
  'a/.hidden',
  'a.',
  'a.lock',
  'a.lock/b',
  '/a',
  'a/',
  'a//b',
  'a b',
  'a\tb',
  'a\nb',
  'a\rb',
  'a\0b',
  'a\u007fb',
  'a\u001b[31m',
  'a~1',
  'a^',
  'a^{commit}',
  'a^{/fix}',
  'a:b',
  ':/fix',
  'main:main.tf',
  '+main:main',
  'a?b',
  'a*',
  'refs/heads/*',
  'a[b',
  'a\\b',
  'a\ud800b',
  'a'.repeat(251),
]

describe('refs', () => {
  test.each(GOOD)('%j may name something', (ref) => {
    expect(() => checkRef(ref)).not.toThrow()
  })

  test.each(HOSTILE)('%j is refused', (ref) => {
    expect(() => checkRef(ref)).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_REFUSED', detail: expect.objectContaining({ reason: 'git_ref' }) }),
    )
  })

  test.skipIf(!hasGit)(
    'whatever is accepted is a name for git as well (when skipped: apt-get install git)',
    () => {
      const characters = Array.from({ length: 127 }, (_, code) => String.fromCharCode(code + 1))
      const candidates = [...GOOD, ...characters.flatMap((one) => [`a${one}`, `${one}a`, `a${one}${one}b`, `a/${one}b`, `a${one}/b`])]
      const accepted = candidates.filter((ref) => !throws(() => checkRef(ref)))
      expect(accepted.length).toBeGreaterThan(300)
      const script = 'for name do git check-ref-format "refs/heads/$name" || printf "%s\\n" "$name"; done'
      const { stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', ...accepted])
      expect(stdout.toString()).toBe('')
    },
    60_000,
  )

  test('a refusal shows no control characters', () => {
    expect(() => checkRef('a\u001b[31m\nb')).toThrow('Cannot read the Git ref "a?[31m?b"')
  })

  test('a name means a tag before it means a branch', () => {
    expect(fullRefNames(undefined)).toEqual(['HEAD'])
    expect(fullRefNames('HEAD')).toEqual(['HEAD'])
    expect(fullRefNames('v1')).toEqual(['refs/tags/v1', 'refs/heads/v1'])
    expect(fullRefNames('tags/v1')).toEqual(['refs/tags/v1', 'refs/tags/tags/v1', 'refs/heads/tags/v1'])
    expect(fullRefNames('refs/pull/1/head')[0]).toBe('refs/pull/1/head')
  })

  test('commit ids have 40 or 64 digits, short ones 7 and more', () => {
    expect([7, 39, 40, 41, 63, 64, 65].filter((length) => isCommitId('a'.repeat(length)))).toEqual([40, 64])
    expect([6, 7, 39, 63, 64].filter((length) => isShortCommitId('a'.repeat(length)))).toEqual([7, 39, 63])
    expect(isCommitId(`${'a'.repeat(40)}\n`)).toBe(false)
    expect(isCommitId('A'.repeat(40))).toBe(false)
  })
})

function throws(run: () => void): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}
