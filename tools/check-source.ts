import { posix } from 'node:path'
import { isTestFile } from './import-rules.ts'
import { lineAt, type Problem, readSourceFiles, reportProblems, type SourceFile } from './source-files.ts'
import { FORBIDDEN_FOLDERS, MAX_FILES_PER_FOLDER, maxCodeLines, SOURCE_RULES } from './source-rules.ts'

/** The rules' own text, and the tests of the rules, name what they forbid. */
const EXEMPT = /^tools\/(?:source-rules|check-source\.test)\.ts$/

const TEXT_FILES = /\.(?:ts|tsx|mjs|cjs|js|json|md|ya?ml|hcl|tf|sh|sql|html|css)$|(?:^|\/)(?:NOTICE|LICENSE|run)$/

/** Lines that are neither blank nor only a comment. */
export function countCodeLines(text: string): number {
  const withoutBlocks = text.replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '')
  return withoutBlocks.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
}

/** Every place of one file that breaks a rule. */
export function checkSource({ path, text }: SourceFile): Problem[] {
  if (EXEMPT.test(path)) return []
  const problems = SOURCE_RULES.filter(({ applies }) => applies?.(path) ?? true).flatMap(({ pattern, message }) =>
    [...text.matchAll(pattern)].map((match) => ({ path, line: lineAt(text, match.index), message: `${match[0].trim()}: ${message}` })),
  )
  const lines = countCodeLines(text)
  if (/\.tsx?$/.test(path) && !path.endsWith('.gen.ts') && lines > maxCodeLines(path))
    problems.push({ path, line: 1, message: `${lines} lines of code: split by noun (limit ${maxCodeLines(path)})` })
  const folder = FORBIDDEN_FOLDERS.exec(path)
  if (folder !== null) problems.push({ path, line: 1, message: `folder "${folder[0]}": name it after what it helps` })
  return problems
}

/** Folders of sources with too many files. */
export function checkFolders(paths: readonly string[]): Problem[] {
  const folders = Object.groupBy(
    paths.filter((path) => /\/src\/.*\.tsx?$/.test(path) && !isTestFile(path)),
    (path) => posix.dirname(path),
  )
  return Object.entries(folders).flatMap(([path, files = []]) =>
    files.length > MAX_FILES_PER_FOLDER
      ? [{ path, line: 1, message: `${files.length} files: split by noun (limit ${MAX_FILES_PER_FOLDER})` }]
      : [],
  )
}

if (import.meta.main) {
  const files = readSourceFiles(TEXT_FILES).filter(({ path }) => path !== 'package-lock.json' && !path.includes('/vectors/'))
  reportProblems([...files.flatMap(checkSource), ...checkFolders(files.map(({ path }) => path))], `the text of ${files.length} files`)
}
