import { lineAt } from './source-files.ts'

/** One module that a source file names. */
export interface ModuleImport {
  readonly specifier: string
  readonly line: number
}

// The formatter guarantees the form: static imports begin a line, strings have single quotes. So a scan by pattern is exact here, and
// unlike stripping the types first it keeps `import type`, which the import rules are about as well.
const PATTERNS = [
  /^import\s+(?:type\s+)?[\w$\s{},*]*?from\s+'(?<specifier>[^']+)'/gm,
  /^import\s+'(?<specifier>[^']+)'/gm,
  /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'(?<specifier>[^']+)'/gm,
  /^(?!\s*(?:\*|\/[/*])).*?\bimport\(\s*'(?<specifier>[^']+)'/gm,
  /^(?!\s*(?:\*|\/[/*])).*?\bnew URL\(\s*'(?<specifier>\.{1,2}\/[^']+\.[cm]?[jt]s)',\s*import\.meta\.url/gm,
]

/** Every module a file imports, re-exports, loads later or starts as a worker; types included, in the order of the file. */
export function listModuleImports(text: string): ModuleImport[] {
  const found = PATTERNS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({ specifier: match.groups?.specifier ?? '', line: lineAt(text, match.index) })),
  )
  return found.sort((a, b) => a.line - b.line)
}
