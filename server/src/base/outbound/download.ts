import type { IncomingHttpHeaders } from 'node:http'
import { startDeadline } from './deadline.ts'
import type { ByteSink, ResponseHead } from './exchange.ts'
import type { Follow, Followed } from './follow-redirects.ts'
import { ConnectionError, tooLargeError, transportError, truncatedError, unusableAnswer } from './outbound-errors.ts'
import type { Downloaded, DownloadOptions } from './outbound-requests.ts'
import { parseOutboundUrl } from './outbound-url.ts'

/** How far a download has come, over all its connections. */
interface Progress {
  bytes: number
  /** Size of the whole body as the first answer announced it. */
  contentLength: number | undefined
  /** A strong ETag or a date that guards a resumption; `undefined`: it cannot be resumed. */
  validator: string | undefined
  nextReport: number
}

type DownloadRequest = DownloadOptions & { readonly sink: ByteSink }

const MAX_RESUMPTIONS = 5
const REPORT_EVERY_BYTES = 256 * 1024

/** `Outbound.download`. */
export async function downloadBody(follow: Follow, start: URL | string, request: DownloadRequest): Promise<Downloaded> {
  const url = parseOutboundUrl(String(start))
  using deadline = startDeadline(url, request.totalTimeoutMs, request.signal)
  const progress: Progress = { bytes: 0, contentLength: undefined, validator: undefined, nextReport: REPORT_EVERY_BYTES }
  try {
    const { finalUrl } = await fetchAllParts(follow, url, { request, progress, signal: deadline.signal })
    const { bytes, contentLength } = progress
    const expected = request.expectedBytes ?? contentLength
    if (expected !== undefined && bytes !== expected) throw truncatedError(finalUrl, { received: bytes, expected })
    request.onProgress?.(bytes, bytes)
    return { bytes, contentLength, finalUrl }
  } catch (error) {
    if (request.signal?.aborted === true) throw request.signal.reason
    throw transportError(error)
  }
}

interface PartContext {
  readonly request: DownloadRequest
  readonly progress: Progress
  readonly signal: AbortSignal
}

async function fetchAllParts(follow: Follow, url: URL, context: PartContext): Promise<Followed> {
  for (let resumption = 0; ; resumption++) {
    const before = context.progress.bytes
    try {
      return await fetchPart(follow, url, context)
    } catch (error) {
      const { bytes, validator } = context.progress
      const resumable = error instanceof ConnectionError && validator !== undefined && bytes > before
      if (!resumable || resumption === MAX_RESUMPTIONS) throw error
    }
  }
}

function fetchPart(follow: Follow, url: URL, { request, progress, signal }: PartContext): Promise<Followed> {
  const resume = progress.bytes === 0 ? {} : { range: `bytes=${progress.bytes}-`, 'if-range': progress.validator ?? '' }
  return follow(url, {
    headers: { 'accept-encoding': 'identity', ...resume },
    caFile: request.caFile,
    maxRedirects: request.maxRedirects,
    headTimeoutMs: request.idleTimeoutMs,
    idleTimeoutMs: request.idleTimeoutMs,
    signal,
    accept: (head, at) => {
      if (progress.bytes === 0) startBody(head, at, { request, progress })
      else checkContinuation(head, at, progress)
      return countingSink(request, progress, at)
    },
  })
}

function startBody(head: ResponseHead, url: URL, { request, progress }: { request: DownloadRequest; progress: Progress }): void {
  if (head.status !== 200) throw unusableAnswer(url, `the upstream answered ${head.status}`, { status: head.status })
  const length = head.headers['content-length']
  progress.contentLength = length === undefined ? undefined : Number(length)
  progress.validator = validatorOf(head.headers)
  if ((progress.contentLength ?? 0) > request.maxBytes) throw tooLargeError(url, request.maxBytes)
}

function checkContinuation(head: ResponseHead, url: URL, progress: Progress): void {
  const range = /^bytes (\d+)-/.exec(head.headers['content-range'] ?? '')
  if (head.status === 206 && Number(range?.[1]) === progress.bytes) return
  throw truncatedError(url, { received: progress.bytes, expected: progress.contentLength ?? progress.bytes + 1 })
}

/** Source: RFC 9110, section 13.1.5: only a strong validator may guard a range. */
function validatorOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers['accept-ranges'] !== 'bytes') return undefined
  const { etag } = headers
  return etag?.startsWith('"') === true ? etag : headers['last-modified']
}

function countingSink({ sink, maxBytes, onProgress }: DownloadRequest, progress: Progress, url: URL): ByteSink {
  return (chunk) => {
    progress.bytes += chunk.byteLength
    if (progress.bytes > maxBytes) throw tooLargeError(url, maxBytes)
    if (progress.bytes >= progress.nextReport) {
      progress.nextReport = progress.bytes + REPORT_EVERY_BYTES
      onProgress?.(progress.bytes, progress.contentLength)
    }
    return sink(chunk)
  }
}
