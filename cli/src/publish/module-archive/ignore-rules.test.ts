import { describe, expect, test } from 'vitest'
import { parseIgnoreRules } from './ignore-rules.ts'

describe('.terraformignore', () => {
  test.each([
    ['foo', ['foo', 'a/foo', 'foo/b/c'], ['foobar', 'a/foo.tf']],
    ['/foo', ['foo', 'foo/b'], ['a/foo']],
    ['foo/', ['foo/b', 'a/foo/b'], ['foo', 'a/foo']],
    ['*.zip', ['x.zip', 'a/b/x.zip', '.zip'], ['x.zip.tf', 'xzip']],
    ['/*.zip', ['x.zip'], ['a/x.zip']],
    ['a/b', ['a/b', 'x/a/b', 'a/b/c'], ['a/x/b', 'ab']],
    ['a/*/c', ['a/b/c'], ['a/b/b/c', 'a/c']],
    ['a/**/c', ['a/c', 'a/b/c', 'a/b/b/c'], ['a/bc']],
    ['**/c', ['c', 'a/b/c'], ['a/bc']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a']],
    ['a**z', ['az', 'a/b/z'], ['b']],
    ['fil?.tf', ['file.tf'], ['fil/.tf', 'fil.tf']],
    ['v[0-9].tf', ['v1.tf'], ['vx.tf', 'v10.tf']],
    ['v[!0-9].tf', ['vx.tf'], ['v1.tf', 'v/.tf']],
    ['[&^x].tf', ['&.tf', '^.tf'], ['y.tf']],
    ['a\\', ['a\\'], ['a']],
    ['[abc', ['[abc'], ['a']],
    ['a.b+(c)|$', ['a.b+(c)|$'], ['axb+(c)|$']],
    ['\\#note', ['#note'], ['note']],
    ['\\!note', ['!note'], ['note']],
    ['# note', [], ['note', '# note']],
    ['  foo \t\r', ['foo'], []],
    ['\ufefffoo', ['foo'], []],
    ['/', [], ['foo']],
    ['*\n!keep.tf', ['a', 'a/b'], ['keep.tf', 'a/keep.tf']],
    ['docs/\n!docs/api.md', ['docs/x.md'], ['docs/api.md']],
    ['!a\na', ['a'], []],
  ])('%j', (text, out, kept) => {
    const rules = parseIgnoreRules(text)
    for (const path of out) expect(rules.leavesOut(path, 'file'), path).toBe(true)
    for (const path of kept) expect(rules.leavesOut(path, 'file'), path).toBe(false)
  })

  test('a slash behind means folders', () => {
    const rules = parseIgnoreRules('foo/')
    expect([rules.leavesOut('foo', 'folder'), rules.leavesOut('foo', 'file')]).toEqual([true, false])
  })

  test('a set that cannot be is told with its pattern', () => {
    expect(() => parseIgnoreRules('a\n!x[z-a]')).toThrow('Cannot read pattern "!x[z-a]" of .terraformignore')
  })

  test('only a rule with ! takes something back', () => {
    expect(parseIgnoreRules('a\n#!b').takesBack).toBe(false)
    expect(parseIgnoreRules('a\n!a/b').takesBack).toBe(true)
  })
})
