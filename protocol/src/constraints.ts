import { quote } from './quote.ts'
import { compareVersions, formatVersion, parseVersion, type Version } from './versions.ts'

/** Comparison operators; a constraint without one is read as `=`. */
export const CONSTRAINT_OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~>'] as const
export type ConstraintOperator = (typeof CONSTRAINT_OPERATORS)[number]

/** One condition on a version. */
export interface Constraint {
  readonly operator: ConstraintOperator
  /** Missing parts are zero. */
  readonly version: Version
  /** How many of major, minor and patch were written; only `~>` minds. */
  readonly parts: 1 | 2 | 3
}

/** Text that is not a list of constraints. `reason` alone is a phrase without the text. */
export class ConstraintError extends Error {
  readonly reason: string

  constructor(text: string, reason: string) {
    super(`Cannot read version constraint ${quote(text)}: ${reason}`)
    this.name = 'ConstraintError'
    this.reason = reason
  }
}

const MAX_TEXT_LENGTH = 1000
const MISSPELT_OPERATORS: Readonly<Record<string, string>> = {
  '=<': '<=',
  '=>': '>=',
  '==': '=',
  '~': '~>',
  '^': '~>',
  '<>': '!=',
  '!': '!=',
}

type Rule = (order: number, version: Version, constraint: Constraint) => boolean

/** `order` is how the candidate compares with the version of the constraint. */
const RULES: Readonly<Record<ConstraintOperator, Rule>> = {
  '=': (_order, version, constraint) => isSameVersion(version, constraint.version),
  '!=': (_order, version, constraint) => !isSameVersion(version, constraint.version),
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '~>': (order, version, constraint) => order >= 0 && compareVersions(version, upperBound(constraint)) < 0,
}

/**
 * Reads one or more conditions separated by commas, all of which must hold, such as `~> 1.2, != 1.3.0`.
 * Source: protocol.md 2.3, 3.1; https://developer.hashicorp.com/terraform/language/expressions/version-constraints
 * @throws {ConstraintError} also for empty text, a `v` prefix, wildcards, `||` and npm or Ruby operators.
 */
export function parseConstraints(text: string): Constraint[] {
  if (text.length > MAX_TEXT_LENGTH) throw new ConstraintError(text, `it is longer than ${MAX_TEXT_LENGTH} characters`)
  if (text.trim() === '') throw new ConstraintError(text, 'it is empty')
  return text.split(',').map((part) => parseConstraint(text, part.trim()))
}

/**
 * True when all constraints hold; true for none. A pre-release matches only when one of the constraints is `=` that very
 * version: `>= 2.0.0-rc.1` leaves even 2.0.0-rc.1 out. Source: protocol.md C65 to C65d, B75 to B77.
 * @throws {TypeError} when a text is not a version.
 */
export function matchesConstraints(version: Version | string, constraints: readonly Constraint[]): boolean {
  const candidate = typeof version === 'string' ? parseVersion(version) : version
  if (candidate === undefined) throw new TypeError(`Cannot match version ${quote(String(version))}: it is not a semantic version`)
  const requested = constraints.some(({ operator, version: exact }) => operator === '=' && isSameVersion(exact, candidate))
  if (candidate.prerelease.length > 0 && !requested) return false
  return constraints.every((constraint) =>
    RULES[constraint.operator](compareVersions(candidate, constraint.version), candidate, constraint),
  )
}

/** The constraints as Terraform writes them, for people: `~> 1.2, != 1.3.0`. `~>` keeps the number of its parts. */
export function formatConstraints(constraints: readonly Constraint[]): string {
  return constraints.map((constraint) => `${constraint.operator} ${versionText(constraint)}`).join(', ')
}

function parseConstraint(text: string, part: string): Constraint {
  const match = /^([^0-9A-Za-z\s]*)\s*(.*)$/s.exec(part)
  const [written = '', versionPart = ''] = match?.slice(1) ?? []
  if (part === '') throw new ConstraintError(text, 'there is nothing before or after a comma')
  const operator = readOperator(text, written)
  const version = parseVersion(versionPart)
  if (version === undefined) throw new ConstraintError(text, describeBadVersion(versionPart))
  const parts = versionPart.split(/[-+]/, 1)[0]?.split('.').length
  return { operator, version, parts: parts === 1 || parts === 2 ? parts : 3 }
}

function readOperator(text: string, written: string): ConstraintOperator {
  if (written === '') return '='
  const operator = CONSTRAINT_OPERATORS.find((known) => known === written)
  if (operator !== undefined) return operator
  const meant = Object.hasOwn(MISSPELT_OPERATORS, written) ? MISSPELT_OPERATORS[written] : undefined
  const hint = meant === undefined ? `use one of ${CONSTRAINT_OPERATORS.join(' ')}` : `did you mean "${meant}"?`
  throw new ConstraintError(text, `${quote(written)} is not an operator; ${hint}`)
}

function describeBadVersion(text: string): string {
  if (text === '') return 'there is no version after the operator'
  if (/^v\d/.test(text)) return `${quote(text)} must not have a "v" before the version`
  if (/(^|\.)[*xX](\.|$)/.test(text)) return `${quote(text)} has a wildcard; leave out the parts that may vary and use "~>"`
  if (/\s|\|/.test(text)) return `${quote(text)} is more than one version; separate constraints by commas`
  return `${quote(text)} is not a version`
}

/** Build metadata counts here, as in Terraform: `= 1.0.0` is not `1.0.0+b1`. */
function isSameVersion(a: Version, b: Version): boolean {
  return formatVersion(a) === formatVersion(b)
}

/** The first version that `~>` no longer allows: all parts but the last written one stay, of one part that part stays. */
function upperBound({ version, parts }: Constraint): Version {
  const next = parts === 3 ? { major: version.major, minor: version.minor + 1 } : { major: version.major + 1, minor: 0 }
  return { ...next, patch: 0, prerelease: [], build: [] }
}

function versionText({ operator, version, parts }: Constraint): string {
  if (operator !== '~>' || parts === 3) return formatVersion(version)
  const numbers = [version.major, version.minor].slice(0, parts).join('.')
  return formatVersion({ ...version, major: 0, minor: 0, patch: 0 }).replace('0.0.0', numbers)
}
