import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { startDeadline } from './deadline.ts'
import type { ByteSink, ResponseHead } from './exchange.ts'
import type { Follow } from './follow-redirects.ts'
import { tooLargeError, transportError, unusableAnswer } from './outbound-errors.ts'
import type { GetBytesOptions, ReceivedBytes } from './outbound-requests.ts'
import { parseOutboundUrl } from './outbound-url.ts'

const DECODERS: Readonly<Record<string, (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
}

/** `Outbound.getBytes`. */
export async function readBytes(
  follow: Follow,
  start: URL | string,
  options: GetBytesOptions & { readonly timeoutMs: number },
): Promise<ReceivedBytes> {
  const { maxBytes, timeoutMs, accept } = options
  const url = parseOutboundUrl(String(start))
  using deadline = startDeadline(url, timeoutMs, options.signal)
  const chunks: Uint8Array[] = []
  try {
    const answer = await follow(url, {
      headers: { 'accept-encoding': 'gzip', ...(accept === undefined ? {} : { accept }) },
      caFile: options.caFile,
      maxRedirects: options.maxRedirects,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      signal: deadline.signal,
      accept: (head, at) => limitedSink(head, { url: at, maxBytes, chunks }),
    })
    const { status, headers, finalUrl } = answer
    const body = await decode(Buffer.concat(chunks), { encoding: headers['content-encoding'], maxBytes, url: finalUrl })
    return { status, headers, body, finalUrl }
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason
    throw transportError(error)
  }
}

/** Keeps the chunks of a body up to a limit, which also binds the announced length. */
export function limitedSink(head: ResponseHead, target: { url: URL; maxBytes: number; chunks: Uint8Array[] }): ByteSink {
  const { url, maxBytes, chunks } = target
  if (Number(head.headers['content-length'] ?? 0) > maxBytes) throw tooLargeError(url, maxBytes)
  let bytes = 0
  return (chunk) => {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLargeError(url, maxBytes)
    chunks.push(chunk)
  }
}

/** Undoes gzip and deflate, within the same limit. */
export async function decode(body: Uint8Array, as: { encoding: string | undefined; maxBytes: number; url: URL }): Promise<Uint8Array> {
  const encoding = as.encoding?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return body
  const decoder = DECODERS[encoding]
  if (decoder === undefined) throw unusableAnswer(as.url, `its content encoding "${encoding.slice(0, 40)}" was not asked for`)
  try {
    return await decoder(body, { maxOutputLength: as.maxBytes })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLargeError(as.url, as.maxBytes)
    throw unusableAnswer(as.url, 'the compressed answer is damaged or cut short')
  }
}
