import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { formatBytes } from '../output/format-amounts.ts'
import type { ProgressLine } from '../output/progress-line.ts'
import { createMultipartBody, type MultipartPart } from '../publish/multipart-body.ts'
import { type ImportSource, moduleFileKey, providerFileKey } from './import-source.ts'
import { readSourceFile } from './read-bundle.ts'

export type ImportPlan = AnswerOf<'post', '/api/v1/admin/imports'>
type VersionPlan = ImportPlan['versions'][number]
type ModulePlan = ImportPlan['modules'][number]

/** An import that has begun. */
export interface Sending {
  readonly source: ImportSource
  readonly plan: ImportPlan
  /** Longest silence; the server verifies what it got before it answers. */
  readonly timeoutMs: number
  readonly progress: ProgressLine
}

/** A version that the server has refused. */
export interface Refused {
  readonly name: string
  readonly error: CliError
}

/**
 * Sends everything that is to be added, version by version; memory does not grow with the size of the files. What the server refuses
 * after looking at the bytes is told at the end, and the others go on.
 * @throws {CliError} when the server cannot be asked, or no longer lets this caller in.
 */
export async function sendImport(api: Api, sending: Sending): Promise<readonly Refused[]> {
  const refused: Refused[] = []
  const done = { bytes: 0 }
  const { versions, modules } = sending.plan
  for (const version of versions.filter(({ packages }) => packages.some(isAdded))) {
    await noting(refused, nameOf(version), () => sendVersion(api, { ...sending, version, done }))
  }
  for (const module of modules.filter(isAdded)) {
    await noting(refused, nameOfModule(module), () => sendModule(api, { ...sending, module, done }))
  }
  return refused
}

const isAdded = ({ state }: { readonly state: string }): boolean => state === 'add'

/** `HOST/NAMESPACE/TYPE VERSION` */
export function nameOf({ hostname, namespace, type, version }: VersionPlan): string {
  return `${hostname}/${namespace}/${type} ${version}`
}

/** `NAMESPACE/NAME/SYSTEM VERSION`, with the host in front for what came from an upstream. */
export function nameOfModule({ hostname, origin, namespace, name, system, version }: ModulePlan): string {
  const text = `${namespace}/${name}/${system} ${version}`
  return origin === 'mirrored' ? `${hostname}/${text}` : text
}

async function noting(refused: Refused[], name: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await send()
  } catch (error) {
    const isAboutTheFiles = error instanceof CliError && (error.exitCode === EXIT.failed || error.exitCode === EXIT.conflict)
    if (!isAboutTheFiles || error.code === undefined) throw error
    refused.push({ name, error })
  }
}

interface Running extends Sending {
  readonly done: { bytes: number }
}

async function sendVersion(api: Api, { version, ...sending }: Running & { readonly version: VersionPlan }): Promise<void> {
  const { source, plan } = sending
  const { type } = version
  const lists = {
    shasums: shasumsFilename({ type, version: version.version }),
    signature: signatureFilename({ type, version: version.version }),
  }
  const parts = [
    ...(version.needs_list ? Object.entries(lists) : []),
    ...version.packages.filter(isAdded).map(({ filename }) => ['file', filename] as const),
  ].map(([name, filename]) => partOf(source, { name, filename, key: providerFileKey(version, filename) }))
  const { hostname, namespace } = version
  await api.call('put', '/api/v1/admin/imports/{id}/providers/{hostname}/{namespace}/{type}/{version}', {
    action: `import "${nameOf(version)}"`,
    params: { id: plan.id ?? '', hostname, namespace, type, version: version.version },
    raw: bodyOf(sending, parts),
    timeoutMs: sending.timeoutMs,
  })
}

async function sendModule(api: Api, { module, ...sending }: Running & { readonly module: ModulePlan }): Promise<void> {
  const { hostname, namespace, name, system, version } = module
  const part = partOf(sending.source, { name: 'file', filename: 'module.tar.gz', key: moduleFileKey(module) })
  const params = { id: sending.plan.id ?? '', namespace, name, system, version }
  const request = { action: `import "${nameOfModule(module)}"`, raw: bodyOf(sending, [part]), timeoutMs: sending.timeoutMs }
  if (module.origin === 'mirrored') {
    const path = '/api/v1/admin/imports/{id}/upstream-modules/{hostname}/{namespace}/{name}/{system}/{version}'
    await api.call('put', path, { ...request, params: { ...params, hostname } })
  } else {
    await api.call('put', '/api/v1/admin/imports/{id}/modules/{namespace}/{name}/{system}/{version}', { ...request, params })
  }
}

function partOf(source: ImportSource, { name, filename, key }: { name: string; filename: string; key: string }): MultipartPart {
  const file = source.fileOf(key)
  if (file === undefined) throw new CliError(`Cannot import "${source.name}": "${filename}" is not in it`)
  return { name, filename, size: file.size, read: () => readSourceFile(file) }
}

function bodyOf({ plan, progress, done }: Running, parts: readonly MultipartPart[]) {
  const body = createMultipartBody(parts)
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body.chunks) {
      yield chunk
      done.bytes += chunk.length
      const total = Math.max(plan.add_bytes, done.bytes)
      progress.show(performance.now(), { fraction: done.bytes / total, text: `${formatBytes(done.bytes)} of ${formatBytes(total)} sent` })
    }
  }
  return { ...body, chunks: counted() }
}
