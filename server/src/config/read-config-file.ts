import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { HclLimitError, HclSyntaxError } from '../base/hcl/hcl-errors.ts'
import { ConfigError, unknownKey } from './config-error.ts'
import { CONFIG_KEYS, type FieldSchema, isSection, mapValueSchema, SECTION_KEYS } from './config-keys.ts'
import { ConfigSchema } from './config-schema.ts'
import type { SettingsReading } from './read-environment.ts'

const MAX_BYTES = 1_048_576

/** Names that may stand in a file. */
const KNOWN_KEYS = [...SECTION_KEYS, ...CONFIG_KEYS.map(({ key }) => key)]

/**
 * Settings from an HCL (`.hcl`), YAML (`.yaml`, `.yml`) or JSON (`.json`) file. The parsers are loaded only when needed.
 * @throws {ConfigError} when the file cannot be read or is no such document; unknown keys are problems of the reading
 */
export async function readConfigFile(file: string): Promise<SettingsReading> {
  const reading: SettingsReading = { values: new Map(), problems: [], warnings: [] }
  const document = await parseDocument(file, await readText(file))
  if (!isMap(document)) throw new ConfigError([{ key: basename(file), problem: 'must hold settings by name' }])
  collect({ schema: ConfigSchema as FieldSchema, path: [] }, document, { file, reading })
  return reading
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > MAX_BYTES) throw new ConfigError([{ key: file, problem: `is larger than ${MAX_BYTES} bytes` }])
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const reason = error instanceof TypeError ? 'is not UTF-8 text' : `cannot be read: ${(error as NodeJS.ErrnoException).code}`
    throw new ConfigError([{ key: file, problem: reason }], { cause: error })
  }
}

async function parseDocument(file: string, text: string): Promise<unknown> {
  switch (extname(file).toLowerCase()) {
    case '.hcl':
      return await parseHclDocument(file, text)
    case '.yaml':
    case '.yml':
      return await parseYamlDocument(file, text)
    case '.json':
      return await parseJsonDocument(file, text)
    default:
      throw new ConfigError([{ key: file, problem: 'the name must end in .hcl, .yaml, .yml or .json' }])
  }
}

async function parseHclDocument(file: string, text: string): Promise<unknown> {
  const { closeHclParser, parseHcl } = await import('../base/hcl/parse-hcl.ts')
  try {
    return await parseHcl(text, basename(file), { maxBytes: MAX_BYTES })
  } catch (error) {
    if (!(error instanceof HclSyntaxError || error instanceof HclLimitError)) throw error
    throw new ConfigError([{ key: file, problem: error.message }], { cause: error })
  } finally {
    await closeHclParser()
  }
}

async function parseYamlDocument(file: string, text: string): Promise<unknown> {
  const { parseDocument: parseYaml } = await import('yaml')
  const document = parseYaml(text)
  const flaws = [...document.errors, ...document.warnings]
  if (flaws.length > 0) throw new ConfigError(flaws.map((flaw) => ({ key: file, problem: flaw.message.split('\n')[0] ?? flaw.code })))
  try {
    return document.toJS() ?? {}
  } catch (error) {
    // Aliases that point nowhere, or that multiply themselves beyond the parser's limit.
    if (!(error instanceof ReferenceError)) throw error
    throw new ConfigError([{ key: file, problem: error.message }], { cause: error })
  }
}

/** The message of `JSON.parse` quotes the text around the flaw, which may be a secret; the YAML parser names the place. */
async function parseJsonDocument(file: string, text: string): Promise<unknown> {
  const parsed = tryParseJson(text)
  if ('value' in parsed) return parsed.value
  await parseYamlDocument(file, text)
  throw new ConfigError([{ key: file, problem: `is not JSON${parsed.place}` }])
}

function tryParseJson(text: string): { readonly value: unknown } | { readonly place: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const place = /line \d+ column \d+/.exec(error.message)?.[0]
    return { place: place === undefined ? '' : ` at ${place}` }
  }
}

interface Place {
  readonly schema: FieldSchema
  readonly path: readonly string[]
}

interface CollectContext {
  readonly file: string
  readonly reading: SettingsReading
}

function collect(place: Place, node: Readonly<Record<string, unknown>>, context: CollectContext): void {
  for (const [name, value] of Object.entries(node)) {
    const path = [...place.path, name]
    const child = Object.hasOwn(place.schema.properties ?? {}, name) ? place.schema.properties?.[name] : undefined
    if (child === undefined) context.reading.problems.push(unknownKey(path.join('.'), KNOWN_KEYS, basename(context.file)))
    else if (isSection(child)) collectSection({ schema: child, path }, value, context)
    else collectValue({ schema: child, path }, value, context)
  }
}

function collectSection(place: Place, value: unknown, context: CollectContext): void {
  // A section whose lines are all commented out is null in YAML.
  const body = singleBlock(value ?? {})
  if (isMap(body)) collect(place, body, context)
  else addProblem(place, Array.isArray(body) ? 'stands more than once' : 'is a section and holds settings by name', context)
}

function collectValue(place: Place, value: unknown, context: CollectContext): void {
  if (value === null) {
    addProblem(place, 'has no value; give one or remove the line', context)
    return
  }
  const key = place.path.join('.')
  context.reading.values.set(key, {
    value: mapValueSchema(place.schema) ? unwrapMap(place, value, context) : value,
    source: basename(context.file),
  })
}

function unwrapMap(place: Place, value: unknown, context: CollectContext): unknown {
  const body = singleBlock(value)
  if (!isMap(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([label, block]) => {
      const content = singleBlock(block)
      if (!Array.isArray(content)) return [label, content]
      addProblem({ ...place, path: [...place.path, JSON.stringify(label)] }, 'stands more than once', context)
      return [label, content[0]]
    }),
  )
}

/** The parser gives a list for a block, because a block may be repeated. */
function singleBlock(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function addProblem(place: Place, problem: string, { file, reading }: CollectContext): void {
  reading.problems.push({ key: place.path.join('.'), problem, source: basename(file) })
}
