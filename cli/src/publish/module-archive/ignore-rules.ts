import { usageError } from '../../cli-error.ts'

/** Which paths of a module folder stay at home. */
export interface IgnoreRules {
  /** Whether a path below the folder, with `/` between its parts, is left out. */
  leavesOut(path: string, kind: 'file' | 'folder'): boolean
  /** A rule with `!` may take back something inside a folder that is left out. */
  readonly takesBack: boolean
}

interface Rule {
  readonly pattern: RegExp
  readonly negated: boolean
}

/**
 * Reads a `.terraformignore`: one pattern a line, the last one that matches decides. `#` begins a comment, `!` takes back, `/` in front
 * ties a pattern to the folder itself, `/` behind means folders only, `*` and `?` stay within a name, `**` does not, `\` takes the next
 * character as it is. As with Terraform, and unlike git, a pattern with a slash in its middle matches in every folder, and a file is
 * taken back even when its folder is left out.
 *
 * @throws {CliError} exit code 2 for a set like `[z-a]`.
 */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap(parseLine)
  return {
    leavesOut: (path, kind) => {
      const subject = kind === 'folder' ? `${path}/` : path
      return rules.findLast(({ pattern }) => pattern.test(subject))?.negated === false
    },
    takesBack: rules.some(({ negated }) => negated),
  }
}

function parseLine(line: string): Rule[] {
  const text = line.trim()
  const negated = text.startsWith('!')
  const glob = negated ? text.slice(1) : text
  const name = glob.replace(/^\//, '').replace(/\/$/, '')
  if (name === '' || text.startsWith('#')) return []
  const anywhere = glob.startsWith('/') ? '' : '(?:.*/)?'
  // Folders are asked about with a slash behind, so that what is inside of one matches with it.
  const inside = glob.endsWith('/') ? '/.*' : '(?:/.*)?'
  return [{ pattern: compile(text, `^${anywhere}${translate(name)}${inside}$`), negated }]
}

function compile(text: string, source: string): RegExp {
  try {
    return new RegExp(source, 'su')
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw usageError(`Cannot read pattern "${text}" of .terraformignore: its [ ] is no set of characters`)
  }
}

const TOKENS = /\*\*\/|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\]|\\.|./gsu

function translate(glob: string): string {
  return [...glob.matchAll(TOKENS)].map(([token]) => translateToken(token)).join('')
}

const WILDCARDS: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }

function translateToken(token: string): string {
  const wildcard = WILDCARDS[token]
  if (wildcard !== undefined) return wildcard
  if (token.length > 2 && token.startsWith('[')) return translateSet(token)
  return escapeText(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token)
}

function translateSet(token: string): string {
  const isNegated = /^\[[!^]/.test(token)
  const members = token.slice(isNegated ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&')
  return isNegated ? `[^/${members}]` : `[${members}]`
}

function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
