import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { formatModuleAddress, type ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { Api } from '../connection/api.ts'
import { formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { openArchive, type PackedModule, packModule } from './module-archive/pack-module.ts'
import type { ModuleFolder } from './module-archive/read-module-folder.ts'
import { createMultipartBody, type MultipartPart } from './multipart-body.ts'
import { withUploadProgress } from './upload-progress.ts'

/** Where the content of a version comes from: a folder to pack, or the path of an archive. */
export type ModuleContent =
  | { readonly kind: 'folder'; readonly folder: ModuleFolder }
  | { readonly kind: 'archive'; readonly path: string; readonly size: number }

/** A version, and what its files do not say. */
export interface ModuleUpload {
  readonly address: ModuleAddress
  readonly version: string
  readonly content: ModuleContent
  readonly description: string | undefined
  readonly sourceUrl: string | undefined
  /** Longest silence; the server checks the archive before it answers. */
  readonly timeoutMs: number
}

export type PublishedModule = AnswerOf<'post', '/api/v1/modules'> & {
  /** `false`: the same content was published before. */
  readonly created: boolean
}

const CREATED = 201

/** Packs if need be, sends the archive in one request, and shows how far it is. Memory does not depend on the size of the module. */
export async function uploadModule(api: Api, output: Output, upload: ModuleUpload): Promise<PublishedModule> {
  const progress = new ProgressLine(output)
  const archive = await open(upload.content, progress)
  try {
    const body = createMultipartBody(partsOf(upload, archive))
    const { status, json } = await api.exchange('post', '/api/v1/modules', {
      action: `publish "${formatModuleAddress(upload.address)} ${upload.version}"`,
      raw: { ...body, chunks: withUploadProgress(body, progress) },
      timeoutMs: upload.timeoutMs,
    })
    return { ...json, created: status === CREATED }
  } finally {
    progress.end()
    await archive.close()
  }
}

function open(content: ModuleContent, progress: ProgressLine): Promise<PackedModule> {
  if (content.kind === 'archive') return openArchive(content.path)
  const { folder } = content
  return packModule(folder, (done) =>
    progress.show(performance.now(), {
      fraction: done / folder.bytes,
      text: `${formatBytes(done)} of ${formatBytes(folder.bytes)} packed`,
    }),
  )
}

function partsOf({ address, version, description, sourceUrl }: ModuleUpload, { size, read }: PackedModule): MultipartPart[] {
  const fields = { ...address, version, description, source: sourceUrl }
  return [
    ...Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    { name: 'file', filename: 'module', size, read },
  ]
}
