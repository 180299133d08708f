import { displayHostname } from './addresses.ts'
import type { Constraint, ConstraintOperator } from './constraints.ts'
import { compareVersions, formatVersion, type Version } from './versions.ts'

/** One `provider` block of a dependency lock file. */
export interface LockBlock {
  /** Canonical host name; may carry a port. */
  readonly hostname: string
  readonly namespace: string
  readonly type: string
  /** Canonical version. */
  readonly version: string
  /** As {@link formatLockConstraints} writes them; empty when there are none. */
  readonly constraints: string
  /** `h1:…`, `zh:…` in any order, repetitions included. */
  readonly hashes: readonly string[]
}

/** The two lines with which the program named begins every lock file. */
export function lockFileHeader(program: 'terraform' | 'tofu' = 'terraform'): string {
  return `# This file is maintained automatically by "${program} init".\n# Manual edits may be lost in future updates.\n`
}

/** `HOST/NAMESPACE/TYPE` as lock files name a provider: the host name in Unicode, or else the CLIs refuse the file. */
export function lockAddress({ hostname, namespace, type }: Pick<LockBlock, 'hostname' | 'namespace' | 'type'>): string {
  return `${displayHostname(hostname)}/${namespace}/${type}`
}

/**
 * The text of `.terraform.lock.hcl`, byte for byte as Terraform 1.11 writes it: blocks by address, hashes sorted, `h1:` before `zh:`.
 * Source: protocol.md 3.9, and files written by the program.
 */
export function formatLockFile(blocks: readonly LockBlock[], header: string = lockFileHeader()): string {
  const sorted = blocks.toSorted((a, b) => compareTexts(sortKey(a), sortKey(b)))
  return header + sorted.map((block) => `\n${formatBlock(block)}`).join('')
}

/**
 * The normalised form of constraints, each once. Terraform refuses a lock file that writes them in another way.
 * Source: the program's own message "must be written in normalized form".
 */
export function formatLockConstraints(constraints: readonly Constraint[]): string {
  const sorted = constraints.toSorted((a, b) => compareBoundaries(a.version, b.version) || operatorRank(a) - operatorRank(b))
  return [...new Set(sorted.map(formatConstraint))].join(', ')
}

function formatBlock({ version, constraints, hashes, ...address }: LockBlock): string {
  // The equals signs of one-line attributes stand below each other; the list of hashes takes no part in that.
  const lines = constraints === '' ? [`version = "${version}"`] : [`version     = "${version}"`, `constraints = "${constraints}"`]
  const sorted = [...new Set(hashes)].sort(compareTexts)
  if (sorted.length > 0) lines.push(`hashes = [\n${sorted.map((hash) => `    "${hash}",\n`).join('')}  ]`)
  return `provider "${lockAddress(address)}" {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

/** At one boundary the program writes them in this order; `~> 1.2.3` comes before `~> 1.2`. */
const OPERATOR_ORDER: readonly ConstraintOperator[] = ['>', '>=', '=', '~>', '<=', '<', '!=']

function operatorRank({ operator, parts }: Constraint): number {
  return OPERATOR_ORDER.indexOf(operator) + (operator === '~>' && parts < 3 ? 0.5 : 0)
}

function formatConstraint({ operator, version, parts }: Constraint): string {
  const text = formatVersion(version)
  if (operator === '=') return text
  return `${operator} ${operator === '~>' && parts < 3 ? text.replace(/^(\d+\.\d+)\.0/, '$1') : text}`
}

/** Unlike precedence, the order of the program tells versions apart that differ in build metadata only. */
function compareBoundaries(a: Version, b: Version): number {
  return compareVersions(a, b) || compareTexts(a.build.join('.'), b.build.join('.'))
}

function sortKey({ hostname, namespace, type }: LockBlock): string {
  // No part holds a blank, which comes before every character that parts hold.
  return `${hostname} ${namespace} ${type}`
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
