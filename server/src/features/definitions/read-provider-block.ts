import { AddressError, type ProviderAddress, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { type Constraint, ConstraintError, formatConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'
import { ARCHITECTURES, formatPlatform, OPERATING_SYSTEMS, type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { formatVersion } from '@terrace/protocol/versions.ts'
import type { HclValue } from '../../base/hcl/literal-values.ts'
import { nearestName } from '../../base/nearest-name.ts'

/** One entry of `versions`. */
export interface DefinedVersion {
  /** As it was written. */
  readonly text: string
  readonly constraints: readonly Constraint[]
  /** Canonical version when the entry names exactly one; undefined when the upstream's list decides. */
  readonly exact: string | undefined
}

/** One `provider` block. */
export interface DefinedProvider {
  readonly address: ProviderAddress
  /** At least one; no two mean the same. */
  readonly versions: readonly DefinedVersion[]
  readonly platforms: readonly Platform[] | 'all'
}

const ATTRIBUTES = ['versions', 'platforms', 'architectures'] as const
const PLATFORM_NAMES = OPERATING_SYSTEMS.flatMap((os) => ARCHITECTURES.map((arch) => formatPlatform({ os, arch })))

type Attributes = Readonly<Record<string, HclValue>>

/**
 * The content of one block. What is wrong is added to `problems`, in words that do not name the block; the result is
 * undefined when anything is.
 */
export function readProviderBlock(label: string, attributes: Attributes, problems: string[]): DefinedProvider | undefined {
  const before = problems.length
  for (const name of Object.keys(attributes)) {
    if (!ATTRIBUTES.some((known) => known === name)) problems.push(unknownAttribute(name))
  }
  const address = readAddress(label, problems)
  const versions = readVersions(attributes.versions, problems)
  const platforms = readPlatforms(attributes, problems)
  return address === undefined || problems.length > before ? undefined : { address, versions, platforms }
}

function unknownAttribute(name: string): string {
  const near = nearestName(name, ATTRIBUTES)
  return `unknown attribute ${quote(name)}${near === undefined ? '' : `, did you mean "${near}"?`}`
}

function readAddress(label: string, problems: string[]): ProviderAddress | undefined {
  try {
    return parseProviderAddress(label)
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    problems.push(`the address cannot be read: ${error.reason}`)
    return undefined
  }
}

function readVersions(value: HclValue | undefined, problems: string[]): DefinedVersion[] {
  if (value === undefined) {
    problems.push('"versions" is missing, for example versions = ["1.2.3", "~> 2.0"]')
    return []
  }
  const versions = readTexts('versions', value, problems).flatMap((text) => readVersion(text, problems))
  reportTwins(
    'versions',
    versions.map(({ text, constraints }) => ({ text, meaning: formatConstraints(constraints) })),
    problems,
  )
  return versions
}

function readVersion(text: string, problems: string[]): DefinedVersion[] {
  try {
    const constraints = parseConstraints(text)
    const [only, second] = constraints
    const exact = only?.operator === '=' && second === undefined ? formatVersion(only.version) : undefined
    return [{ text, constraints, exact }]
  } catch (error) {
    if (!(error instanceof ConstraintError)) throw error
    problems.push(`"versions" holds ${quote(text)}: ${error.reason}`)
    return []
  }
}

function readPlatforms({ platforms, architectures }: Attributes, problems: string[]): Platform[] | 'all' {
  if (platforms !== undefined && architectures !== undefined) problems.push('"platforms" and "architectures" mean the same, keep one')
  const value = platforms ?? architectures
  if (value === undefined) return 'all'
  const name = platforms === undefined ? 'architectures' : 'platforms'
  const texts = readTexts(name, value, problems)
  reportTwins(
    name,
    texts.map((text) => ({ text, meaning: text })),
    problems,
  )
  return texts.flatMap((text) => {
    const platform = parsePlatform(text)
    if (platform !== undefined) return [platform]
    const near = nearestName(text, PLATFORM_NAMES)
    problems.push(
      `"${name}" holds ${quote(text)}, which is no platform; ${near === undefined ? 'write OS_ARCH, for example "linux_amd64"' : `did you mean "${near}"?`}`,
    )
    return []
  })
}

function readTexts(name: string, value: HclValue, problems: string[]): string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')) return value
  const empty = Array.isArray(value) && value.length === 0
  problems.push(`"${name}" ${empty ? 'is empty' : 'must be a list of texts'}`)
  return []
}

/** Tells entries that mean the same as an earlier one. */
function reportTwins(name: string, entries: readonly { text: string; meaning: string }[], problems: string[]): void {
  const seen = new Map<string, string>()
  for (const { text, meaning } of entries) {
    const first = seen.get(meaning)
    if (first === undefined) seen.set(meaning, text)
    else problems.push(`"${name}" holds ${quote(text)}${first === text ? ' twice' : `, which means the same as ${quote(first)}`}`)
  }
}
