import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** The root of this repository. */
export const ROOT = join(import.meta.dirname, '..')

/** Never ours: installed, built or written by a running server. */
const SKIPPED_FOLDERS = new Set(['node_modules', '.git', 'coverage', 'dist', 'data'])

/** A text file of the repository. */
export interface SourceFile {
  /** Relative to the root, with forward slashes on every system. */
  readonly path: string
  readonly text: string
}

/** One broken rule, in the form that editors turn into a link. */
export interface Problem {
  readonly path: string
  readonly line: number
  readonly message: string
}

const isOwn = (path: string): boolean => !path.split(sep).some((name) => SKIPPED_FOLDERS.has(name))

/** Paths of all files below the root, sorted; what is installed, built or written by a server is left out. */
export function listFiles(root: string = ROOT): string[] {
  // Not one recursive `readdir`: that would first walk through everything that is installed.
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => isOwn(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? listFolder(root, entry.name) : [entry.name]))
    .sort()
}

function listFolder(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter(isOwn)
    .map((path) => path.split(sep).join('/'))
}

/** The files below the root whose path matches, with their text. */
export function readSourceFiles(pattern: RegExp, root: string = ROOT): SourceFile[] {
  return listFiles(root)
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** 1-based line of a character offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Prints the problems and makes the process end with 1 when there are any; else prints one line that says what was checked. */
export function reportProblems(problems: readonly Problem[], checked: string): void {
  for (const { path, line, message } of problems) console.error(`${path}:${line} ${message}`)
  if (problems.length > 0) {
    console.error(`\n${problems.length} problem${problems.length === 1 ? '' : 's'}`)
    process.exitCode = 1
  } else console.log(`Checked ${checked}`)
}
