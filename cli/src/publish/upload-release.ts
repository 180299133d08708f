import type { AnswerOf } from '@terrace/api-client/operations.ts'
import type { Api } from '../connection/api.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { createMultipartBody, type MultipartPart } from './multipart-body.ts'
import type { Release, ReleaseDocument } from './read-release-folder.ts'
import { withUploadProgress } from './upload-progress.ts'

/** A release, and what its folder does not say. */
export interface Upload {
  readonly release: Release
  readonly namespace: string
  readonly protocols: string | undefined
  readonly sourceUrl: string | undefined
  /** Armored public key. */
  readonly signingKey: Buffer | undefined
  /** Longest silence; the server verifies all packages before it answers. */
  readonly timeoutMs: number
}

export type PublishedProvider = AnswerOf<'post', '/api/v1/providers'>

/** Sends a release in one request and shows how far it is. Memory does not depend on the size of the packages. */
export async function uploadRelease(api: Api, output: Output, upload: Upload): Promise<PublishedProvider> {
  const { release, namespace, timeoutMs } = upload
  const body = createMultipartBody(partsOf(upload))
  const progress = new ProgressLine(output)
  try {
    return await api.call('post', '/api/v1/providers', {
      action: `publish "${namespace}/${release.type} ${release.version}"`,
      raw: { ...body, chunks: withUploadProgress(body, progress) },
      timeoutMs,
    })
  } finally {
    progress.end()
  }
}

function partsOf({ release, namespace, protocols, sourceUrl, signingKey }: Upload): MultipartPart[] {
  const { type, version, packages, shasums, signature, manifest } = release
  const fields = { namespace, type, version, protocols, source_url: sourceUrl }
  const isSigned = signature !== undefined
  return [
    ...Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...documentPart('manifest', manifest),
    // A list without a signature says nothing: the registry signs its own.
    ...(isSigned ? documentPart('shasums', shasums) : []),
    ...documentPart('signature', signature),
    ...documentPart('signing_key', isSigned && signingKey ? { filename: 'signing-key.asc', content: signingKey } : undefined),
    ...packages.map(({ filename, path, size }) => ({ name: 'file', filename, path, size })),
  ]
}

function documentPart(name: string, document: ReleaseDocument | undefined): MultipartPart[] {
  return document === undefined ? [] : [{ name, ...document }]
}
