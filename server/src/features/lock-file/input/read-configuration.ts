import { posix } from 'node:path'
import { quote } from '@terrace/protocol/quote.ts'
import { RegistryError } from '../../../base/errors.ts'
import { HclLimitError, HclSyntaxError } from '../../../base/hcl/hcl-errors.ts'
import { readHcl } from '../../../base/hcl/parse-hcl.ts'
import { parseJsonConfiguration, readRequirements } from '../../module-analysis/index.ts'
import { mergeRequirements, type Requirement, readRequirement } from './requirement.ts'

/** One file of a configuration. */
export interface ConfigurationFile {
  /** With its folder; files of one folder belong together. */
  readonly path: string
  readonly text: string
}

/** A module that a folder calls. */
export interface CalledModule {
  /** Of the caller; `.` for the first one. */
  readonly folder: string
  readonly name: string
  readonly source: string
  /** Constraints; empty when there are none. */
  readonly version: string
}

/** How to read a configuration. */
export interface ReadOptions {
  /** Our own host name, as the asker knows it. */
  readonly own: string
  /** Host of sources that name none. */
  readonly defaultHostname: string
}

/** What a configuration needs. */
export interface ReadConfiguration {
  readonly requirements: readonly Requirement[]
  readonly moduleCalls: readonly CalledModule[]
}

/** A megabyte takes about a second. */
const MAX_TOTAL_MS = 15_000
/** Part of the program, never locked. */
const BUILT_IN = 'terraform.io/builtin/'

/**
 * The providers and modules that the files of a configuration need. Nothing is run and no expression evaluated.
 * @throws {RegistryError} INVALID_CONFIGURATION with `detail.path`, `detail.line` and `detail.column`; INVALID_ADDRESS; BAD_REQUEST
 */
export async function readConfiguration(files: readonly ConfigurationFile[], options: ReadOptions): Promise<ReadConfiguration> {
  const deadline = performance.now() + MAX_TOTAL_MS
  const parsed: { readonly path: string; readonly document: unknown }[] = []
  for (const file of files) {
    if (performance.now() > deadline) throw invalid(file.path, 'reading the whole configuration takes too long')
    parsed.push({ path: file.path, document: await readDocument(file) })
  }
  const folders = [...Map.groupBy(parsed, ({ path }) => posix.dirname(path))]
  const read = folders.map(([folder, documents]) => ({ folder, ...readFolder(documents, options) }))
  const providers = read.flatMap((folder) => folder.providers).filter(({ source }) => !source.startsWith(BUILT_IN))
  return {
    requirements: mergeRequirements(providers.map((provider) => readRequirement(provider, options.own))),
    moduleCalls: read.flatMap(({ folder, moduleCalls }) =>
      moduleCalls.map(({ name, source, version = '' }) => ({ folder, name, source, version })),
    ),
  }
}

async function readDocument({ path, text }: ConfigurationFile): Promise<unknown> {
  if (path.endsWith('.json')) {
    const parsed = parseJsonConfiguration(path, text)
    if ('document' in parsed) return parsed.document
    throw invalid(path, parsed.problem.message, parsed.problem)
  }
  try {
    return await readHcl(text, path)
  } catch (error) {
    throw explainRefusal(path, error)
  }
}

function readFolder(
  documents: Parameters<typeof readRequirements>[0],
  { defaultHostname }: ReadOptions,
): ReturnType<typeof readRequirements> {
  try {
    return readRequirements(documents, defaultHostname)
  } catch (error) {
    throw explainRefusal(documents[0]?.path ?? '', error)
  }
}

/** The refusal of a text that is not read, made of what its parser says. Anything else is given back as it is. */
export function explainRefusal(path: string, cause: unknown): unknown {
  if (cause instanceof HclLimitError) return invalid(path, cause.message)
  return cause instanceof HclSyntaxError ? invalid(path, cause.reason, cause) : cause
}

/** INVALID_CONFIGURATION for one file. */
export function invalid(
  path: string,
  reason: string,
  { line, column }: { readonly line?: number | undefined; readonly column?: number | undefined } = {},
): RegistryError {
  const place = line === undefined ? '' : ` at line ${line}, column ${column}`
  return new RegistryError('INVALID_CONFIGURATION', `Cannot read ${quote(path)}${place}: ${reason}`, { detail: { path, line, column } })
}
