import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import type { Api } from '../connection/api.ts'
import { timeoutMsOf, withApi } from '../connection/open-api.ts'
import { askText } from '../input/ask.ts'
import { readNamedFile } from '../input/read-input.ts'
import { countOf, formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { showFacts } from '../output/show-facts.ts'
import type { CommandContext } from '../program/command-context.ts'
import { SELF_HOSTNAME, sourceAddress } from '../providers/provider-address.ts'
import { type Release, readReleaseFolder } from '../publish/read-release-folder.ts'
import { type PublishedProvider, type Upload, uploadRelease } from '../publish/upload-release.ts'

interface PublishOptions extends CommonOptions {
  readonly namespace?: string
  readonly key?: string
  readonly source?: string
  readonly protocols?: string
  readonly dryRun?: boolean
}

/** The server reads and verifies every package between the last byte and its answer. */
const DEFAULT_TIMEOUT_MS = 10 * 60 * 1000

/** `terrace provider publish DIR` */
export const publishProvider: RunCommand<PublishOptions> = async (context, { arguments: [folder = ''], options }) => {
  const upload = await readUpload(context, folder, options)
  const { output } = context
  if (options.dryRun === true) return showUpload(output, upload)
  await withApi(context, async (api) => {
    // A credential that is refused is found out before hundreds of megabytes are on their way.
    await api.call('get', '/api/v1/auth/me', { action: `publish "${upload.namespace}/${upload.release.type}"` })
    if (upload.release.signature === undefined) output.message('There is no signature in the folder: the registry signs with its own key')
    showPublished(api, output, await uploadRelease(api, output, upload))
  })
}

async function readUpload(context: CommandContext, folder: string, options: PublishOptions): Promise<Upload> {
  const release = await readReleaseFolder(folder)
  return {
    release,
    namespace: options.namespace ?? (await askText(context, { label: 'Namespace', otherwise: 'Use --namespace' })),
    protocols: options.protocols,
    sourceUrl: options.source,
    signingKey: options.key === undefined ? undefined : await readNamedFile(options.key, 'signing key'),
    timeoutMs: options.timeout === undefined ? DEFAULT_TIMEOUT_MS : timeoutMsOf(options.timeout),
  }
}

function showUpload(output: Output, { release, namespace, signingKey }: Upload): void {
  const { type, version, packages, signature, manifest } = release
  showFacts(output, {
    facts: [
      ['provider', `${namespace}/${type}`],
      ['version', version],
      ...packages.map(({ filename, size }) => ['package', `${filename} (${formatBytes(size)})`] as const),
      ['signed by', describeSigner(release, signingKey)],
      ['manifest', manifest?.filename ?? 'none'],
    ],
    document: {
      dry_run: true,
      namespace,
      type,
      version,
      packages: packages.map(({ platform, filename, size }) => ({ platform, filename, size })),
      signed_by: signature === undefined ? 'registry' : 'publisher',
    },
  })
  output.message('Nothing was sent')
}

function describeSigner({ signature }: Release, signingKey: Buffer | undefined): string {
  if (signature === undefined) return 'the registry'
  return signingKey === undefined ? 'its publisher, with a key that the registry knows' : 'its publisher, with the given key'
}

function showPublished(api: Api, output: Output, published: PublishedProvider): void {
  const { namespace, type, version, platforms } = published
  const source = sourceAddress({ hostname: SELF_HOSTNAME, namespace, type }, api.url)
  const block = requiredProviders(type, source, version)
  if (output.settings.form === 'json') output.json({ ...published, source, required_providers: block })
  tellPublished(output, `${source} ${version}`, published)
  if (output.settings.form === 'human') {
    output.message('Use it with:')
    output.data(block)
    output.message('Then run: terraform init')
  }
  if (output.settings.form === 'plain') {
    for (const { platform, zh, created } of platforms)
      output.data([source, version, platform, zh, created ? 'created' : 'unchanged'].join('\t'))
  }
}

function tellPublished(output: Output, name: string, { platforms, signed_by, signing_key }: PublishedProvider): void {
  const created = platforms.filter((one) => one.created)
  if (created.length === 0) {
    output.message(`${name} is published already, with the same packages; nothing changed`)
    return
  }
  const bytes = created.reduce((sum, { size }) => sum + size, 0)
  output.message(
    `Published ${name}: ${countOf(created.length, 'package')}, ${formatBytes(bytes)}, signed by the ${signed_by} (${signing_key})`,
  )
}

function requiredProviders(type: string, source: string, version: string): string {
  return `terraform {
  required_providers {
    ${type} = {
      source  = "${source}"
      version = "${version}"
    }
  }
}`
}
