import { DEFAULT_HOSTNAME, parseHostname } from '@terrace/protocol/addresses.ts'
import { type LockBlock, lockAddress, lockFileHeader } from '@terrace/protocol/lock-file.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import type { HclValue } from '../../../base/hcl/literal-values.ts'
import { parseHcl } from '../../../base/hcl/parse-hcl.ts'
import { explainRefusal, invalid } from './read-configuration.ts'

/** A lock file that is there already. */
export interface ExistingLocks {
  /** By address as lock files write it. */
  readonly blocks: ReadonlyMap<string, LockBlock>
  /** The lines at its top, by the program that keeps it. */
  readonly header: string
  /** Host that this program means when a source names none. */
  readonly defaultHostname: string
}

/** What there is without a lock file. */
export const NO_LOCKS: ExistingLocks = { blocks: new Map(), header: lockFileHeader(), defaultHostname: DEFAULT_HOSTNAME }

/** The same for OpenTofu. */
export const NO_TOFU_LOCKS: ExistingLocks = {
  blocks: new Map(),
  header: lockFileHeader('tofu'),
  // Source: protocol.md 6.1.
  defaultHostname: 'registry.opentofu.org',
}

const PATH = '.terraform.lock.hcl'
/** Nothing that would have to be escaped when it is written again. */
const PLAIN = /^[^\s"\\$%{}]+$/
const CONSTRAINTS = /^[0-9A-Za-z.+\-~<>=!, ]*$/

/**
 * Reads a lock file. Hashes of schemes that we do not know are kept.
 * @throws {RegistryError} INVALID_CONFIGURATION
 */
export async function readLockFile(text: string): Promise<ExistingLocks> {
  const { provider: blocks = {} } = await parse(text)
  if (!isMap(blocks)) throw invalid(PATH, 'a provider block has no address')
  const read = Object.entries(blocks).map(([label, content]) => readBlock(label, content))
  const none = /^# .*"tofu init"/m.test(text) ? NO_TOFU_LOCKS : NO_LOCKS
  return { ...none, blocks: new Map(read.map((block) => [lockAddress(block), block])) }
}

async function parse(text: string): Promise<Readonly<Record<string, HclValue>>> {
  try {
    return await parseHcl(text, PATH)
  } catch (error) {
    throw explainRefusal(PATH, error)
  }
}

function readBlock(label: string, content: HclValue): LockBlock {
  const refuse = (state: string) => invalid(PATH, `provider ${quote(label)} ${state}`)
  const [block, second] = Array.isArray(content) ? content : []
  if (!isMap(block) || second !== undefined) throw refuse('must be one block with one label')
  const { version, constraints = '', hashes = [] } = block
  const [hostname = '', namespace = '', type = '', ...rest] = label.split('/')
  if (rest.length > 0 || ![hostname, namespace, type].every((part) => PLAIN.test(part))) throw refuse('is no address')
  if (typeof version !== 'string' || canonicalVersion(version) !== version) throw refuse('has no version')
  if (typeof constraints !== 'string' || !CONSTRAINTS.test(constraints)) throw refuse('has constraints that cannot be read')
  if (!isPlainList(hashes)) throw refuse('has hashes that cannot be read')
  return { hostname: canonicalHostname(hostname), namespace, type, version, constraints, hashes }
}

/** A host with a port, or one that we could never serve, is kept as it is written. */
function canonicalHostname(hostname: string): string {
  try {
    return parseHostname(hostname)
  } catch {
    return hostname
  }
}

function isMap(value: HclValue | undefined): value is Readonly<Record<string, HclValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPlainList(value: HclValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && PLAIN.test(item))
}
