import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { RegistryError } from '../../base/errors.ts'
import { HclLimitError, HclSyntaxError } from '../../base/hcl/hcl-errors.ts'
import type { HclValue } from '../../base/hcl/literal-values.ts'
import { parseHcl } from '../../base/hcl/parse-hcl.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { type DefinedProvider, readProviderBlock } from './read-provider-block.ts'

/** A definition file that is right throughout. */
export interface ParsedDefinition {
  /** At least one, sorted by address; no address stands twice. */
  readonly providers: readonly DefinedProvider[]
}

/** One thing that is wrong with a definition file. */
export interface DefinitionProblem {
  /** Label of the `provider` block as it was written; absent when the problem is not about a block. */
  readonly provider?: string
  readonly problem: string
}

/** Problems that a message names; the rest is only counted, so that a hostile file cannot make it long. */
const SHOWN_PROBLEMS = 20
/** More of a label is not repeated. */
const MAX_LABEL_LENGTH = 200
/** The route bounds the file by `definitions.max_bytes`; this is the most that setting allows. */
const MAX_BYTES = 10_485_760

/**
 * Reads a definition file.
 * @param body HCL
 * @param filename stands in messages only
 * @throws {RegistryError} INVALID_DEFINITION with every problem in `detail.problems` (the first 20, and `detail.count`), or with
 *   `detail.line` and `detail.column` when the text is not HCL
 */
export async function parseDefinition(body: string, filename: string): Promise<ParsedDefinition> {
  const { provider: blocks, ...others } = await readDocument(body, filename)
  const problems = Object.keys(others).map(unknownName)
  const providers = readBlocks(blocks, problems)
  problems.push(...findTwins(providers))
  if (providers.length === 0 && problems.length === 0) problems.push({ problem: 'there is no provider block in it' })
  if (problems.length > 0) throw invalidDefinition(filename, problems)
  return { providers: providers.map(({ provider }) => provider).sort((a, b) => (addressText(a) < addressText(b) ? -1 : 1)) }
}

interface LabelledProvider {
  readonly label: string
  readonly provider: DefinedProvider
}

async function readDocument(body: string, filename: string): Promise<Readonly<Record<string, HclValue>>> {
  try {
    return await parseHcl(body, filename, { maxBytes: MAX_BYTES })
  } catch (error) {
    throw explainRefusal(error, filename)
  }
}

function explainRefusal(cause: unknown, filename: string): unknown {
  const action = `Cannot read definition ${quote(filename)}`
  if (cause instanceof HclLimitError) return new RegistryError('INVALID_DEFINITION', `${action}: ${cause.message}`, { cause })
  if (!(cause instanceof HclSyntaxError)) return cause
  const { line, column, reason } = cause
  const place = line === undefined ? '' : ` at line ${line}, column ${column}`
  return new RegistryError('INVALID_DEFINITION', `${action}${place}: ${reason}`, { detail: { line, column, reason }, cause })
}

function unknownName(name: string): DefinitionProblem {
  const near = nearestName(name, ['provider']) === undefined ? 'only provider blocks can stand here' : 'did you mean "provider"?'
  return { problem: `unknown name ${quote(name)}, ${near}` }
}

function readBlocks(blocks: HclValue | undefined, problems: DefinitionProblem[]): LabelledProvider[] {
  if (blocks === undefined) return []
  if (!isMap(blocks)) {
    problems.push({ problem: 'a provider block has no address, write provider "NAMESPACE/TYPE" { … }' })
    return []
  }
  return Object.entries(blocks).flatMap(([label, content]) => {
    if (isBlockList(content)) return content.flatMap((block) => readBlock(label, block, problems))
    problems.push({ provider: label, problem: 'it must be a block with one label, provider "NAMESPACE/TYPE" { … }' })
    return []
  })
}

function readBlock(label: string, block: Readonly<Record<string, HclValue>>, problems: DefinitionProblem[]): LabelledProvider[] {
  const found: string[] = []
  const provider = readProviderBlock(label, block, found)
  problems.push(...found.map((problem) => ({ provider: label.slice(0, MAX_LABEL_LENGTH), problem })))
  return provider === undefined ? [] : [{ label, provider }]
}

/** Two blocks for one provider: which platforms belong to which versions would be a matter of taste. */
function findTwins(providers: readonly LabelledProvider[]): DefinitionProblem[] {
  const labels = new Map<string, string>()
  return providers.flatMap(({ label, provider }) => {
    const address = addressText(provider)
    const first = labels.get(address)
    if (first === undefined) labels.set(address, label)
    if (first === undefined) return []
    return [{ provider: label, problem: first === label ? 'it stands more than once' : `it is the same provider as ${quote(first)}` }]
  })
}

function invalidDefinition(filename: string, problems: readonly DefinitionProblem[]): RegistryError {
  const shown = problems.slice(0, SHOWN_PROBLEMS)
  const texts = shown.map(({ provider, problem }) => (provider === undefined ? problem : `provider ${quote(provider)}: ${problem}`))
  if (problems.length > shown.length) texts.push(`and ${problems.length - shown.length} more`)
  return new RegistryError('INVALID_DEFINITION', `Cannot read definition ${quote(filename)}: ${texts.join('; ')}`, {
    hint: 'Correct the file and send it again; nothing of it was loaded',
    detail: { problems: shown, count: problems.length },
  })
}

function addressText({ address }: DefinedProvider): string {
  return formatProviderAddress(address)
}

function isMap(value: HclValue): value is Readonly<Record<string, HclValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isBlockList(value: HclValue): value is readonly Readonly<Record<string, HclValue>>[] {
  return Array.isArray(value) && value.every(isMap)
}
