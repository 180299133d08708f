import { startDeadline } from './deadline.ts'
import type { Follow } from './follow-redirects.ts'
import { transportError } from './outbound-errors.ts'
import type { SizeOptions } from './outbound-requests.ts'
import { parseOutboundUrl } from './outbound-url.ts'

/** `Outbound.getSize`. */
export async function readSize(
  follow: Follow,
  start: URL | string,
  options: SizeOptions & { readonly timeoutMs: number },
): Promise<number | undefined> {
  const { timeoutMs } = options
  const url = parseOutboundUrl(String(start))
  using deadline = startDeadline(url, timeoutMs, options.signal)
  try {
    const { headers } = await follow(url, {
      method: 'HEAD',
      headers: { 'accept-encoding': 'identity' },
      caFile: options.caFile,
      maxRedirects: options.maxRedirects,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      signal: deadline.signal,
      accept: () => () => undefined,
    })
    const size = headers['content-length']
    return size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : undefined
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason
    throw transportError(error)
  }
}
