import { AddressError, parseHostname, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { ConstraintError, parseConstraints } from '@terrace/protocol/constraints.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { RegistryError } from '../../base/errors.ts'

/** What a mirror brings in, and how often it looks; checked and in canonical form. */
export interface MirrorSettings {
  /** Host name of the upstream. */
  readonly hostname: string
  /** Mirrored as a whole. */
  readonly namespaces: readonly string[]
  /** `namespace/type` */
  readonly providers: readonly string[]
  /** Constraints, of which one must match; empty: every version. */
  readonly versions: readonly string[]
  /** `linux_amd64`, …; empty: all that the upstream offers. */
  readonly platforms: readonly string[]
  /** Of each provider the newest so many versions; null: no limit. */
  readonly keepNewest: number | null
  /** Age in days that a version must have. */
  readonly coolDownDays: number
  readonly prereleases: boolean
  readonly intervalHours: number
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

/**
 * A name for a mirror, in lower case.
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseMirrorName(text: string): string {
  const name = text.trim().toLowerCase()
  if (NAME.test(name)) return name
  throw new RegistryError('RULE_BROKEN', `Cannot use mirror name "${text}": it is not a name`, {
    hint: 'Use 1 to 64 letters, digits and hyphens; the first and the last are no hyphen',
  })
}

/**
 * Checks what somebody wants and brings it into canonical form. `NAMESPACE/*` among the providers means the namespace.
 * @throws {RegistryError} RULE_BROKEN with every problem at once, in `detail.problems`.
 */
export function parseSettings(name: string, wish: MirrorSettings): MirrorSettings {
  const problems: string[] = []
  const hostname = readHostname(wish.hostname, problems)
  const whole = wish.providers.filter((text) => text.endsWith('/*')).map((text) => text.slice(0, -2))
  const single = wish.providers.filter((text) => !text.endsWith('/*'))
  const settings = {
    ...wish,
    hostname,
    namespaces: distinct([...wish.namespaces, ...whole].map((text) => readNamespace(text, problems))),
    providers: distinct(single.map((text) => readProvider(text, hostname, problems))),
    versions: distinct(wish.versions.map((text) => readConstraints(text, problems))),
    platforms: distinct(wish.platforms.map((text) => readPlatform(text, problems))),
  }
  if (wish.namespaces.length + wish.providers.length === 0) {
    problems.push('it names neither a provider nor a namespace, for example providers = ["hashicorp/aws"]')
  }
  if (problems.length === 0) return settings
  throw new RegistryError('RULE_BROKEN', `Cannot use mirror "${name}": ${problems.join('; ')}`, { detail: { problems } })
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]

function readHostname(text: string, problems: string[]): string {
  return tried({ text, what: 'the upstream', problems }, () => parseHostname(text))
}

function readNamespace(text: string, problems: string[]): string {
  return tried({ text, what: 'a namespace', problems }, () => parseProviderAddress(`${text}/any`).namespace)
}

function readProvider(text: string, hostname: string, problems: string[]): string {
  return tried({ text, what: 'a provider', problems }, () => {
    const address = parseProviderAddress(text, { defaultHostname: hostname })
    if (address.hostname !== hostname) throw new AddressError(text, `its host is not the upstream "${hostname}"`)
    return `${address.namespace}/${address.type}`
  })
}

function readConstraints(text: string, problems: string[]): string {
  return tried({ text, what: 'a version constraint', problems }, () => {
    parseConstraints(text)
    return text.trim()
  })
}

function readPlatform(text: string, problems: string[]): string {
  if (parsePlatform(text) === undefined) problems.push(`platform "${text}" is not known; write OS_ARCH, for example "linux_amd64"`)
  return text
}

interface Field {
  readonly text: string
  readonly what: string
  readonly problems: string[]
}

/** What `read` gives; what it refuses becomes a problem. */
function tried({ text, what, problems }: Field, read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof AddressError || error instanceof ConstraintError)) throw error
    problems.push(`${what} "${text}" cannot be read: ${error.reason}`)
    return text
  }
}
