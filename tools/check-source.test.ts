import { describe, expect, test } from 'vitest'
import { checkFolders, checkSource, countCodeLines } from './check-source.ts'

const messagesOf = (path: string, text: string): string[] => checkSource({ path, text }).map(({ message }) => message)

describe('source rules', () => {
  test.each([
    ['docs/guide.md', 'cd /work/main', '/work/m: path of one machine'],
    ['docs/guide.md', 'see https://registry.npmjs.org/x', 'registry.npmjs.org: host of a package registry'],
    ['server/src/a.ts', '// TODO later', 'TODO: file an issue instead'],
    ['server/src/a.test.ts', '// @ts-ignore', '@ts-ignore: type errors are not silenced'],
    ['server/src/a.ts', '// biome-ignore lint/a/b:\nx()', 'biome-ignore lint/a/b:: say why the rule does not fit here'],
    ['server/src/a.ts', 'process.env.HOME', 'process.env: the environment is read in config/ only'],
    ['server/src/a.ts', 'const at = Date.now()', 'Date.now(: time and chance come from clock.ts and ids.ts'],
    ['server/src/a.ts', 'new Date()', 'new Date(): time and chance come from clock.ts and ids.ts'],
    ['server/src/features/a/b.ts', 'await fetch(url)', 'fetch(: requests leave through base/outbound'],
    ...[
      "import { request } from 'node:https'",
      "import { connect, isIP } from 'node:net'",
      "import { spawn } from 'node:child_process'",
    ].map((text) => [
      'server/src/features/a/b.ts',
      text,
      `${text}: connections and programs are opened where a sealed server is kept from it: base/outbound, base/git`,
    ]),
    [
      'server/src/features/a/b.ts',
      "if (dialect === 'sqlite') x()",
      'dialect ===: differences between databases are flags of base/database',
    ],
    ['server/src/a.test.ts', "test('a key should expire', f)", 'test(\'a key should: name the test as a statement, without "should"'],
    ['server/src/utils/a.ts', 'export const a = 1', 'folder "/utils/": name it after what it helps'],
  ])('%s may not say %j', (path, text, message) => {
    expect(messagesOf(path, text)).toEqual([message])
  })

  test.each([
    ['server/src/config/load-config.ts', 'process.env.HOME'],
    ['server/src/base/clock.ts', 'Date.now()'],
    ['server/src/base/outbound/a.ts', 'fetch(url)'],
    ['server/src/base/git/a.ts', "import { spawn } from 'node:child_process'"],
    ['server/src/features/a/b.ts', "import { isIP } from 'node:net'"],
    ['server/src/features/a/b.ts', "import type { IncomingMessage } from 'node:http'"],
    ['server/src/a.test.ts', 'Date.now()'],
    ['server/src/features/a/b.ts', 'const a = await deps.outbound.fetch(url)'],
    ['server/src/features/a/b.ts', 'new Date(row.createdAt)'],
    ['docs/guide.md', 'open https://example.com/work/main'],
    ['server/src/a.test.ts', "test('an old key is refused', () => expect('it should').toBe(x))"],
  ])('%s may say %j', (path, text) => {
    expect(messagesOf(path, text)).toEqual([])
  })

  test('comments and blank lines are not lines of code', () => {
    expect(countCodeLines('/**\n * A promise.\n */\nconst a = 1 // why\n\n  // why\n  /* one */\nconst b = 2\n')).toBe(2)
  })

  test('a file of 301 lines of code is too long, unless it is generated', () => {
    const text = 'x()\n'.repeat(301)
    expect(messagesOf('server/src/a.ts', text)).toEqual(['301 lines of code: split by noun (limit 300)'])
    expect(messagesOf('server/src/a.gen.ts', text)).toEqual([])
  })

  test('a folder of 21 files is too full, and tests do not count', () => {
    const paths = Array.from({ length: 20 }, (_, index) => [`server/src/a/${index}.ts`, `server/src/a/${index}.test.ts`]).flat()
    expect(checkFolders(paths)).toEqual([])
    expect(checkFolders([...paths, 'server/src/a/last.ts'])).toHaveLength(1)
  })
})
