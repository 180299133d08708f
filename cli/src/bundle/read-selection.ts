import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import type { BodyOf } from '@terrace/api-client/operations.ts'
import { ManifestError, parseManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { CliError, usageError } from '../cli-error.ts'
import { readNamedFile } from '../input/read-input.ts'
import { readConfigurationFolder } from '../lock-file/read-configuration-folder.ts'
import type { CommandContext } from '../program/command-context.ts'

/** What the server is asked for. */
export type PlanBody = BodyOf<'post', '/api/v1/admin/bundles/plan'>

/** Flags that say what a bundle is made from. */
export interface SelectionOptions {
  readonly lockFile?: string
  readonly config?: string
  readonly definition?: string
  readonly mirror?: string
  readonly since?: string
  readonly tofu?: boolean
}

const SOURCES = ['lockFile', 'config', 'definition', 'mirror'] as const

/** Reads what the flags name. @throws {CliError} exit code 2 when it is not one source, or cannot be read. */
export async function readSelection(
  { io }: CommandContext,
  options: SelectionOptions,
): Promise<Pick<PlanBody, 'source' | 'lock_file' | 'files' | 'definition' | 'mirror' | 'program'>> {
  const given = SOURCES.filter((source) => options[source] !== undefined)
  if (given.length !== 1) {
    throw usageError(
      `Cannot create a bundle from ${given.length === 0 ? 'nothing' : 'several sources'}`,
      'Give one of --lock-file FILE, --config DIR, --definition FILE, --mirror NAME',
    )
  }
  const { lockFile, config, definition, mirror } = options
  const read = async (name: string, what: string) => (await readNamedFile(resolve(io.cwd, name), what)).toString('utf8')
  if (lockFile !== undefined) return { source: 'lock_file', lock_file: await read(lockFile, 'lock file') }
  if (definition !== undefined) return { source: 'definition', definition: await read(definition, 'definition file') }
  if (mirror !== undefined) return { source: 'mirror', mirror }
  const folder = await readConfigurationFolder(resolve(io.cwd, config ?? '.'), config ?? '.')
  return {
    source: 'configuration',
    files: folder.files.map((file) => ({ ...file })),
    ...(folder.lockFile !== undefined && { lock_file: folder.lockFile }),
    ...(options.tofu === true && { program: 'tofu' as const }),
  }
}

/** The earlier bundle of `--since`, by its manifest. @throws {CliError} */
export async function readEarlier({ io }: CommandContext, path: string): Promise<NonNullable<PlanBody['since']>> {
  const bytes = await readNamedFile(resolve(io.cwd, path), 'manifest')
  try {
    const { name, objects } = parseManifest(bytes.toString('utf8'))
    return {
      name,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      objects: objects.map(({ path: place, sha256 }) => ({ path: place, sha256 })),
    }
  } catch (error) {
    throw describeManifestError(path, error)
  }
}

/** What is wrong with a manifest, as a failure of the command; anything else as it is. */
export function describeManifestError(path: string, cause: unknown): unknown {
  if (!(cause instanceof ManifestError)) return cause
  return new CliError(`Cannot read "${basename(path)}": ${cause.reason}`, {
    hint: 'Name the manifest of a bundle: NAME.manifest.json',
    cause,
  })
}
