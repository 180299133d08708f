import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CliError, EXIT, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { timeoutMsOf, withApi } from '../../connection/open-api.ts'
import type { ImportSource } from '../../import/import-source.ts'
import { readBundle } from '../../import/read-bundle.ts'
import { readMirrorFolder } from '../../import/read-mirror-folder.ts'
import { type ImportPlan, nameOf, nameOfModule, type Refused, sendImport } from '../../import/send-import.ts'
import { countOf, formatBytes } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'
import { ProgressLine } from '../../output/progress-line.ts'
import { showFacts } from '../../output/show-facts.ts'

interface ImportFlags extends CommonOptions {
  readonly dryRun?: boolean
  readonly trustKeys?: readonly string[]
  readonly allowUnsigned?: boolean
  readonly skipRefused?: boolean
}

const SUFFIX = '.manifest.json'
/** The server verifies every package of a version between the last byte and its answer. */
const DEFAULT_TIMEOUT_MS = 10 * 60 * 1000

/** `terrace bundle import PATH` */
export const importBundle: RunCommand<ImportFlags> = async (context, { arguments: [name = ''], options }) => {
  const { output, io } = context
  await withApi(context, async (api) => {
    // A credential that is refused is found out before gigabytes are read.
    await api.call('get', '/api/v1/auth/me', { action: `import "${name}"` })
    const source = await openSource(output, resolve(io.cwd, name), name)
    const timeoutMs = options.timeout === undefined ? DEFAULT_TIMEOUT_MS : timeoutMsOf(options.timeout)
    const checked = await begin(api, { source, flags: options, isDry: true, timeoutMs })
    showRefusals(output, checked)
    if (options.dryRun === true) return showPlan(output, checked)
    if (checked.refuse > 0 && options.skipRefused !== true) throw refusedByPlan(source, checked)
    const plan = await begin(api, { source, flags: options, isDry: false, timeoutMs })
    const progress = new ProgressLine(output)
    let refused: readonly Refused[]
    try {
      refused = await sendImport(api, { source, plan, timeoutMs, progress })
    } finally {
      progress.end()
    }
    await finish(api, { output, plan, refused })
  })
}

/** A bundle by its manifest, or a folder: with one bundle in it, or with zips as `terraform providers mirror` writes them. */
async function openSource(output: Output, path: string, name: string): Promise<ImportSource> {
  const kind = await kindOf(path)
  if (kind === 'file' && path.endsWith(SUFFIX)) return await readBundle(output, path)
  if (kind === 'folder') {
    const manifests = (await readdir(path)).filter((file) => file.endsWith(SUFFIX))
    if (manifests.length > 1)
      throw usageError(`Cannot import "${name}": it has ${manifests.length} bundles`, 'Name the manifest of one of them')
    return manifests[0] === undefined ? await readMirrorFolder(output, path) : await readBundle(output, join(path, manifests[0]))
  }
  if ((await kindOf(`${path}${SUFFIX}`)) === 'file') return await readBundle(output, `${path}${SUFFIX}`)
  throw usageError(
    `Cannot import "${name}": ${kind === 'file' ? 'it is no manifest' : 'there is no such file or folder'}`,
    `Name the file NAME${SUFFIX} of a bundle, or the folder that "terraform providers mirror" has made`,
  )
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

interface Beginning {
  readonly source: ImportSource
  readonly flags: ImportFlags
  readonly isDry: boolean
  readonly timeoutMs: number
}

async function begin(api: Api, { source, flags, isDry, timeoutMs }: Beginning): Promise<ImportPlan> {
  const trustKeys = (flags.trustKeys ?? []).flatMap((text) => text.split(',')).map((text) => text.replaceAll(/[\s:]/g, ''))
  return await api.call('post', '/api/v1/admin/imports', {
    action: `import "${source.name}"`,
    body: { ...source.listing, dry_run: isDry, trust_keys: trustKeys, allow_unsigned: flags.allowUnsigned === true },
    timeoutMs,
  })
}

/** Each reason once, with how much it is about. */
function showRefusals(output: Output, { versions, modules }: ImportPlan): void {
  const reasons = [
    ...versions.flatMap((version) => version.packages.map(({ reason }) => ({ name: nameOf(version), reason }))),
    ...modules.map((module) => ({ name: nameOfModule(module), reason: module.reason })),
  ].flatMap(({ reason }) => (reason === null ? [] : [reason]))
  for (const [message, [reason]] of Map.groupBy(reasons, ({ message: text }) => text)) {
    output.alert(printable(message))
    if (reason !== undefined && reason.hint !== '') output.message(`  ${printable(reason.hint)}`)
  }
}

function showPlan(output: Output, plan: ImportPlan): void {
  showFacts(output, { facts: factsOf(plan), document: { dry_run: true, ...plan } })
  output.message('Nothing was sent')
}

function factsOf({ kind, name, signed_by: signedBy, add, add_bytes: bytes, keep, refuse }: ImportPlan): [label: string, text: string][] {
  return [
    [kind, name],
    ['signed by', signedBy ?? 'nobody'],
    ['to add', `${add}, ${formatBytes(bytes)}`],
    ['kept', String(keep)],
    ['refused', String(refuse)],
  ]
}

function refusedByPlan({ name }: ImportSource, { refuse }: ImportPlan): CliError {
  return new CliError(`Cannot import "${name}": ${countOf(refuse, 'file')} of it would be refused`, {
    exitCode: EXIT.conflict,
    code: 'IMPORT_REFUSED',
    hint: 'Nothing was sent. Do what is said above, or import the rest with --skip-refused',
  })
}

interface Finishing {
  readonly output: Output
  readonly plan: ImportPlan
  readonly refused: readonly Refused[]
}

async function finish(api: Api, { output, plan, refused }: Finishing): Promise<void> {
  const id = plan.id ?? ''
  const done = await api.call('post', '/api/v1/admin/imports/{id}/finish', { action: `import "${plan.name}"`, params: { id } })
  for (const { error } of refused) {
    output.alert(error.message)
    for (const fact of error.facts) output.message(fact)
  }
  const { add: _add, add_bytes: _bytes, keep, refuse: _refuse, ...rest } = plan
  showFacts(output, {
    facts: [
      [plan.kind, plan.name],
      ['added', `${done.added}, ${formatBytes(done.added_bytes)}`],
      ['kept', String(keep)],
      ['refused', String(refused.length)],
    ],
    document: {
      id: rest.id,
      kind: rest.kind,
      name: rest.name,
      signed_by: rest.signed_by,
      added: done.added,
      added_bytes: done.added_bytes,
      kept: keep,
      refused: refused.map(({ name, error }) => ({ name, code: error.code ?? null, message: error.message })),
    },
  })
  if (refused.length > 0) throw refusedByServer(plan, refused)
}

function refusedByServer({ name }: ImportPlan, refused: readonly Refused[]): CliError {
  return new CliError(`Cannot import all of "${name}": ${countOf(refused.length, 'version')} refused`, {
    code: refused[0]?.error.code,
    hint: 'Nothing of these versions was stored. Carry their files over again; the audit has the digests',
  })
}
