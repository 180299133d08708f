import { isTestFile } from './import-rules.ts'

/** A pattern that must not occur in some files. */
export interface SourceRule {
  readonly pattern: RegExp
  readonly message: string
  /** Files the rule is about; all when absent. */
  readonly applies?: (path: string) => boolean
}

const isScript = (path: string): boolean => /\.(?:ts|tsx|mjs|js)$/.test(path)
const isTest = (path: string): boolean => /\.test\.ts$/.test(path)
/** Code that runs at our users', as opposed to what tests, measures or builds it. */
const isProduct = (path: string): boolean => /^(?:server|protocol|cli|web)\//.test(path) && isScript(path) && !isTestFile(path)
const isProductBut =
  (exempt: RegExp) =>
  (path: string): boolean =>
    isProduct(path) && !exempt.test(path)

/** The rules of this codebase that the linter cannot know. Comments are looked at as well: what may not be done is not suggested either. */
export const SOURCE_RULES: readonly SourceRule[] = [
  { pattern: /(?<![\w.~])\/(?:work|root|Users|home\/\w+)\/\w/g, message: 'path of one machine' },
  { pattern: /registry\.(?:npmjs|yarnpkg)\.\w+/g, message: 'host of a package registry' },
  { pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/g, message: 'file an issue instead', applies: isScript },
  { pattern: /@ts-(?:ignore|nocheck)/g, message: 'type errors are not silenced', applies: isScript },
  { pattern: /@ts-expect-error\s*$/gm, message: 'say why the error is expected', applies: isScript },
  { pattern: /biome-ignore[^\n:]*(?::\s*)?$/gm, message: 'say why the rule does not fit here', applies: isScript },
  { pattern: /(?:eslint|prettier)-(?:disable|ignore)/g, message: 'this tool is not used here', applies: isScript },
  {
    pattern: /\bprocess\.env\b/g,
    message: 'the environment is read in config/ only',
    applies: isProductBut(/^(?:server\/src\/(?:config\/|main\.ts$)|cli\/)/),
  },
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/g,
    message: 'time and chance come from clock.ts and ids.ts',
    applies: isProductBut(/^(?:server\/src\/base\/(?:clock|ids)\.ts$|cli\/|web\/)/),
  },
  {
    pattern: /(?<![\w.'"`$])fetch\(/g,
    message: 'requests leave through base/outbound',
    applies: isProductBut(/^(?:cli|web)\/|\/outbound\//),
  },
  {
    // Types open nothing, and neither do isIP and the like.
    pattern:
      /^import (?!type\b)(?:[^'\n]*'(?:node:(?:http2?|https|dgram|child_process)|nodemailer)'|[^'\n]*\b(?:connect|createConnection|Socket|TLSSocket)\b[^'\n]*'node:(?:net|tls)')/gm,
    message: 'connections and programs are opened where a sealed server is kept from it: base/outbound, base/git',
    applies: isProductBut(/^(?:cli|web)\/|^server\/src\/base\/(?:http|outbound|git|mail|redis)\//),
  },
  {
    pattern: /\bdialect(?:\.name)?\s*[!=]==|case '(?:sqlite|postgresql)'/g,
    message: 'differences between databases are flags of base/database',
    applies: isProductBut(/^server\/src\/base\/database\//),
  },
  {
    pattern: /\b(?:test|it)(?:\.\w+)*\(\s*(['"`])(?:(?!\1).)*\bshould\b/g,
    message: 'name the test as a statement, without "should"',
    applies: isTest,
  },
]

/** Folder names that say nothing about what is inside, and two that are words of the field. */
export const FORBIDDEN_FOLDERS = /(?:^|\/)(?:utils?|helpers?|common|shared|misc|platform|packages)\//

/** Most lines of code a file may have; comments and blank lines do not count, generated files end in `.gen.ts` and are exempt. */
export const maxCodeLines = (path: string): number => (isTest(path) || path.endsWith('.contract.ts') ? 400 : 300)

/** Most files a folder may have, tests not counted. */
export const MAX_FILES_PER_FOLDER = 20
