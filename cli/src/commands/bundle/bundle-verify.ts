import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { BundleError, type BundleReport, readPinnedKey, verifyBundle } from '@terrace/server/features/bundle-files/index.ts'
import { CliError, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { countOf, formatBytes, formatTime } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'
import { ProgressLine } from '../../output/progress-line.ts'
import { showFacts } from '../../output/show-facts.ts'

interface VerifyOptions extends CommonOptions {
  readonly key?: string
}

const SUFFIX = '.manifest.json'

/** `terrace bundle verify FILE`: needs no server. */
export const verifyBundleFiles: RunCommand<VerifyOptions> = async ({ output, io }, { arguments: [file = ''], options }) => {
  const manifestPath = await findManifest(resolve(io.cwd, file), file)
  const report = await explained(async () => {
    const pinned = options.key === undefined ? undefined : await readPinnedKey(options.key, io.cwd)
    return verify(output, { manifestPath, pinned })
  })
  show(output, report)
  for (const { file: place, object, state } of report.problems) {
    output.alert(printable(object === undefined ? `${place}: ${state}` : `${place}: ${object}: ${state}`))
  }
  if (report.problems.length > 0) throw hasProblems(report)
}

/** The bundle may be named by its manifest, or without the ending. */
async function findManifest(path: string, name: string): Promise<string> {
  for (const candidate of path.endsWith(SUFFIX) ? [path] : [`${path}${SUFFIX}`, path]) {
    if (await isFile(candidate)) return candidate
  }
  throw usageError(
    `Cannot verify "${name}": there is no such file`,
    `Name the file NAME${SUFFIX}; its signature and the parts lie beside it`,
  )
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

async function verify(output: Output, input: Pick<Parameters<typeof verifyBundle>[0], 'manifestPath' | 'pinned'>): Promise<BundleReport> {
  const progress = new ProgressLine(output)
  let read = 0
  const onBytes = (count: number, total: number): void => {
    read += count
    progress.show(performance.now(), { fraction: read / total, text: `${formatBytes(read)} of ${formatBytes(total)} read` })
  }
  try {
    return await verifyBundle({ ...input, now: Date.now(), onBytes })
  } finally {
    progress.end()
  }
}

async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
    throw new CliError(printable(error.message), { code: error.code, hint: error.hint, cause: error })
  }
}

function show(output: Output, { signed, objects, bytes, elsewhere, problems }: BundleReport): void {
  const { manifest, fingerprint, isPinned, warning } = signed
  const packages = manifest.providers.flatMap(({ versions }) => versions.flatMap((version) => version.packages)).length
  const modules = manifest.modules.flatMap(({ versions }) => versions).length
  showFacts(output, {
    facts: [
      ['bundle', manifest.name],
      ['made', `${formatTime(manifest.created_at)} by ${manifest.registry}`],
      ['has', `${countOf(packages, 'package')}, ${countOf(modules, 'module version')}`],
      ['objects', `${objects}, ${formatBytes(bytes)}`],
      ...(manifest.since === null ? [] : [['needs', `bundle ${manifest.since.name}, which has ${countOf(elsewhere, 'object')}`] as const]),
      ['signed with', isPinned ? `${fingerprint}, the key that was given` : fingerprint],
      ['result', problems.length === 0 ? 'whole and unchanged' : countOf(problems.length, 'problem')],
    ],
    document: {
      name: manifest.name,
      created_at: manifest.created_at,
      registry: manifest.registry,
      packages,
      modules,
      objects,
      bytes,
      elsewhere,
      since: manifest.since,
      signing_key: fingerprint,
      origin_proven: isPinned,
      ok: problems.length === 0,
      problems: problems.map(({ object, ...problem }) => ({ ...problem, object: object ?? null })),
    },
  })
  if (warning !== undefined) output.warning(printable(warning))
  if (isPinned) return
  output.warning('without --key this proves that nothing has changed since it was signed, and not who signed it')
  output.message(`Ask the people of ${manifest.registry} for the fingerprint of their key by another way, and give it with --key`)
}

function hasProblems({ signed, problems }: BundleReport): CliError {
  return new CliError(`Cannot trust bundle "${basename(signed.manifest.name)}": ${countOf(problems.length, 'problem')}`, {
    code: 'INVALID_BUNDLE',
    hint: 'Copy the files that are named again from where the bundle was made; import nothing of it before',
  })
}
