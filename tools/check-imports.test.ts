import { describe, expect, test } from 'vitest'
import { checkImports, findCircles, type Manifests } from './check-imports.ts'
import { FEATURE_EDGES } from './import-rules.ts'
import { listModuleImports } from './module-imports.ts'

const MANIFESTS: Manifests = new Map([
  ['', { devDependencies: { vitest: '*' } }],
  ['server', { dependencies: { kysely: '*', undici: '*', '@terrace/protocol': '*' }, devDependencies: { 'fast-check': '*' } }],
  ['protocol', { dependencies: { typebox: '*' } }],
  ['cli', { dependencies: { '@terrace/server': '*' } }],
])

/** What the check says about one file that imports one module. */
const messagesOf = (path: string, specifier: string): string[] =>
  checkImports([{ path, text: `import { x } from '${specifier}'\n` }], MANIFESTS).map(({ message }) => message)

describe('list of imports', () => {
  test('finds types, several lines, re-exports, dynamic imports, bare imports and workers', () => {
    const text = [
      "import 'a'",
      "import type { B } from 'b'",
      'import {',
      '  c,',
      "} from 'c'",
      "export { d } from 'd'",
      "export type { E } from './e.ts'",
      "const f = await import('f')",
      "new Worker(new URL('./g.ts', import.meta.url))",
    ].join('\n')
    expect(listModuleImports(text)).toEqual([
      { specifier: 'a', line: 1 },
      { specifier: 'b', line: 2 },
      { specifier: 'c', line: 3 },
      { specifier: 'd', line: 6 },
      { specifier: './e.ts', line: 7 },
      { specifier: 'f', line: 8 },
      { specifier: './g.ts', line: 9 },
    ])
  })

  test('passes over comments and strings', () => {
    expect(listModuleImports(" * import('a')\n// await import('b')\nconst text = \"import x from 'c'\"\n")).toEqual([])
  })
})

describe('import rules', () => {
  test.each([
    ['server/src/base/clock.ts', '../features/audit/index.ts', 'base and config may not use a feature'],
    ['server/src/features/upstreams/a.ts', '../providers/index.ts', 'feature "upstreams" may not use feature "providers"'],
    ['server/src/features/mirror/a.ts', '../providers/provider-queries.ts', 'feature "providers" may be used through its index.ts only'],
    ['server/src/app.ts', './features/providers/provider-queries.ts', 'feature "providers" may be used through its index.ts only'],
    ['server/src/features/mirror/a.ts', '../../app.ts', 'only the entry points use entry points'],
    ['server/src/features/mirror/a.ts', '../../testing/test-app.ts', 'only tests may use testing/'],
    ['server/src/features/mirror/a.ts', 'kysely', '"kysely": SQL lives in'],
    ['server/src/features/mirror/a.ts', 'undici', '"undici": requests leave through base/outbound'],
    ['server/src/features/mirror/a.ts', 'vitest', '"vitest": only tests know'],
    ['server/src/features/mirror/a.ts', 'left-pad', '"left-pad" is not declared'],
    ['server/src/features/mirror/a.ts', 'fast-check', '"fast-check" is not declared'],
    ['protocol/src/a.ts', 'node:fs', '"node:fs": this workspace runs in browsers'],
    ['protocol/src/a.ts', '@terrace/server/main.ts', '"protocol" may not use "server"'],
    ['protocol/src/a.ts', '../../server/src/base/errors.ts', '"protocol" may not use "server"'],
    ['cli/src/a.ts', '@terrace/server/app.ts', '"cli" may not use "server"'],
  ])('%s may not import %s', (path, specifier, message) => {
    expect(messagesOf(path, specifier)[0]).toContain(message)
  })

  test.each([
    ['server/src/features/mirror/a.ts', '../providers/index.ts'],
    ['server/src/commands/serve.ts', '../app.ts'],
    ['server/src/features/mirror/a.ts', '../audit/index.ts'],
    ['server/src/features/mirror/mirror-queries.ts', 'kysely'],
    ['server/src/base/outbound/a.ts', 'undici'],
    ['server/src/features/mirror/a.test.ts', '../../testing/test-app.ts'],
    ['server/src/features/mirror/a.test.ts', 'vitest'],
    ['server/src/features/mirror/a.test.ts', 'fast-check'],
    ['server/src/features/mirror/a.ts', '@terrace/protocol/addresses.ts'],
    ['cli/src/main.ts', '@terrace/server/main.ts'],
  ])('%s may import %s', (path, specifier) => {
    expect(messagesOf(path, specifier)).toEqual([])
  })

  test('files that import each other are a circle, types included', () => {
    const files = [
      { path: 'protocol/src/a.ts', text: "import type { B } from './b.ts'\n" },
      { path: 'protocol/src/b.ts', text: "import { a } from './a.ts'\n" },
    ]
    expect(checkImports(files, MANIFESTS).map(({ message }) => message)).toEqual([
      'circle: protocol/src/a.ts → protocol/src/b.ts → protocol/src/a.ts',
    ])
  })

  test('the edges between features form no circle', () => {
    expect(findCircles(new Map(Object.entries(FEATURE_EDGES)))).toEqual([])
  })
})
