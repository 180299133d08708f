import { stat } from 'node:fs/promises'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { timeoutMsOf, withApi } from '../../connection/open-api.ts'
import { askText } from '../../input/ask.ts'
import { describeFileError } from '../../input/read-input.ts'
import { moduleSource, nameOf, readModuleName, readVersion, sourceRefusal } from '../../modules/module-name.ts'
import { countOf, formatBytes } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'
import { showFacts } from '../../output/show-facts.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { type ModuleFolder, readModuleFolder } from '../../publish/module-archive/read-module-folder.ts'
import { type ModuleContent, type ModuleUpload, type PublishedModule, uploadModule } from '../../publish/upload-module.ts'

interface PublishOptions extends CommonOptions {
  readonly to?: string
  readonly version?: string
  readonly description?: string
  readonly source?: string
  readonly dryRun?: boolean
}

/** The server unpacks and analyses the archive between the last byte and its answer. */
const DEFAULT_TIMEOUT_MS = 5 * 60 * 1000
const ARCHIVE_NAME = /\.(?:tar\.gz|tgz|zip)$/i
/** Names that are told in a message; all of them are in `--dry-run` and `--json`. */
const SHOWN_NAMES = 5

/** `terrace module publish [DIR]` */
export const publishModule: RunCommand<PublishOptions> = async (context, { arguments: [path = '.'], options }) => {
  const { output } = context
  const { to, version } = await readTarget(context, options)
  const content = await readContent(path)
  warnOfStateFiles(output, content)
  const rest = { content, description: options.description, sourceUrl: options.source, timeoutMs: timeoutOf(options) }
  // Without a server to ask, the host in front of the address cannot be checked.
  if (options.dryRun === true) return showUpload(output, { ...readModuleName(to, version, hostlessServer(to)), version, ...rest })
  await withApi(context, async (api) => {
    const upload = { ...readModuleName(to, version, api.url), version, ...rest }
    // A credential that is refused is found out before megabytes are on their way.
    await api.call('get', '/api/v1/auth/me', { action: `publish "${nameOf(upload)}"` })
    tellContent(output, content)
    showPublished(api, output, { upload, published: await uploadModule(api, output, upload) })
  })
}

function timeoutOf({ timeout }: PublishOptions): number {
  return timeout === undefined ? DEFAULT_TIMEOUT_MS : timeoutMsOf(timeout)
}

async function readTarget(context: CommandContext, options: PublishOptions): Promise<{ to: string; version: string }> {
  const to = options.to ?? (await askText(context, { label: 'Module (NAMESPACE/NAME/SYSTEM)', otherwise: 'Use --to' }))
  const version = options.version ?? (await askText(context, { label: 'Version', otherwise: 'Use --version' }))
  return { to, version: readVersion(version) }
}

function hostlessServer(to: string): string {
  const parts = to.split('/')
  return parts.length === 4 ? `https://${parts[0]}` : 'https://localhost'
}

async function readContent(path: string): Promise<ModuleContent> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`Cannot read "${path}": ${describeFileError(error)}`)
  })
  if (found.isDirectory()) return { kind: 'folder', folder: await readModuleFolder(path) }
  if (found.isFile() && ARCHIVE_NAME.test(path)) return { kind: 'archive', path, size: found.size }
  throw usageError(`Cannot publish "${path}": it is neither a folder nor a .tar.gz, .tgz or .zip file`)
}

function warnOfStateFiles(output: Output, content: ModuleContent): void {
  if (content.kind === 'archive') return
  const names = content.folder.files.map(({ path }) => path).filter((path) => /\.tfstate(?:\..*)?$/.test(path))
  if (names.length === 0) return
  output.warning(`${namesOf(names, names.length)} may hold secrets; leave it out by "*.tfstate*" in .terraformignore`)
}

function namesOf(names: readonly string[], count: number): string {
  const shown = names.slice(0, SHOWN_NAMES).map(printable).join(', ')
  return count > SHOWN_NAMES ? `${shown} and ${count - SHOWN_NAMES} more` : shown
}

function tellContent(output: Output, content: ModuleContent): void {
  if (content.kind === 'archive') return
  const { files, bytes, leftOut, leftOutCount } = content.folder
  output.message(`Packing ${countOf(files.length, 'file')}, ${formatBytes(bytes)}`)
  if (leftOutCount > 0) output.message(`Left out: ${namesOf(leftOut, leftOutCount)}`)
}

function showUpload(output: Output, upload: ModuleUpload): void {
  const { content, address, version } = upload
  const document = { dry_run: true, ...address, version }
  if (content.kind === 'archive') {
    const { path, size } = content
    showFacts(output, {
      facts: [
        ['module', nameOf(upload)],
        ['archive', `${path} (${formatBytes(size)})`],
      ],
      document: { ...document, archive: path, size },
    })
  } else showFolder(output, upload, content.folder)
  output.message('Nothing was sent')
}

function showFolder(output: Output, upload: ModuleUpload, { files, bytes, leftOut, leftOutCount }: ModuleFolder): void {
  const { address, version } = upload
  showFacts(output, {
    facts: [
      ['module', nameOf(upload)],
      ...files.map(({ path, size }) => ['file', `${path} (${formatBytes(size)})`] as const),
      ...leftOut.map((path) => ['left out', path] as const),
    ],
    document: {
      dry_run: true,
      ...address,
      version,
      files: files.map(({ path, size }) => ({ path, size })),
      size: bytes,
      left_out: leftOut,
      left_out_count: leftOutCount,
    },
  })
}

function showPublished(api: Api, output: Output, { upload, published }: { upload: ModuleUpload; published: PublishedModule }): void {
  const { namespace, name, system, version, size, content_sha256, created, problems } = published
  const source = moduleSource({ namespace, name, system }, api.url)
  const page = `${api.url}/v1/modules/${namespace}/${name}/${system}/${version}`
  const usage = `module "${name}" {\n  source  = "${source}"\n  version = "${version}"\n}`
  if (output.settings.form === 'json') output.json({ ...published, source, page, usage, ...leftOutOf(upload.content) })
  if (created) output.message(`Published ${source} ${version}: ${formatBytes(size)}, content sha256:${content_sha256}`)
  else output.message(`${source} ${version} is published already, with the same content; nothing changed`)
  for (const { path, line, message } of problems) output.warning(printable([path, line, ` ${message}`].filter(Boolean).join(':').trim()))
  if (output.settings.form === 'plain') output.data([source, version, content_sha256, created ? 'created' : 'unchanged'].join('\t'))
  if (output.settings.form !== 'human') return
  output.message(`See it at ${page}, or with: terrace module show ${namespace}/${name}/${system} ${version}`)
  noteRefusal(output, api.url)
  output.message('Use it with:')
  output.data(usage)
}

/** The module is well published; who copies the block would hear of it from Terraform only, and not what to do. */
function noteRefusal(output: Output, serverUrl: string): void {
  const refusal = sourceRefusal(serverUrl)
  if (refusal === undefined) return
  output.message(`Terraform refuses the source below: ${refusal}`)
  output.message(
    'Put the https address of the server in its place: the host of its setting server.public_url, such as registry.example.com;',
  )
  output.message('on the machine of the server also the https address that "terrace serve" shows, with 127.0.0.1 for localhost')
}

function leftOutOf(content: ModuleContent): { left_out?: readonly string[]; left_out_count?: number } {
  return content.kind === 'archive' ? {} : { left_out: content.folder.leftOut, left_out_count: content.folder.leftOutCount }
}
