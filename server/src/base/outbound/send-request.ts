import type { AddressGuard } from './address-guard.ts'
import { startDeadline } from './deadline.ts'
import type { Dispatchers } from './dispatchers.ts'
import { exchange } from './exchange.ts'
import { blockedError, parseRetryAfter, statusError, transportError } from './outbound-errors.ts'
import type { SendOptions, SentAnswer } from './outbound-requests.ts'
import { displayUrl, literalAddress, parseOutboundUrl } from './outbound-url.ts'
import { decode, limitedSink } from './read-bytes.ts'

/** What sending needs of the door. */
export interface SendDeps {
  readonly dispatchers: Dispatchers
  readonly guard: AddressGuard
  readonly nowMs: () => number
  readonly logger: { debug(fields: object, message: string): void }
}

/** `Outbound.send`. */
export async function sendRequest(
  deps: SendDeps,
  target: URL | string,
  options: SendOptions & { readonly timeoutMs: number },
): Promise<SentAnswer> {
  const url = parseOutboundUrl(String(target))
  const { maxBytes, timeoutMs, caFile, method = 'GET', body } = options
  const address = literalAddress(url)
  if (address !== undefined && !deps.guard.allows(address)) throw blockedError(url.host, address)
  using deadline = startDeadline(url, timeoutMs, options.signal)
  const chunks: Uint8Array[] = []
  try {
    const { status, headers } = await exchange({
      dispatcher: deps.dispatchers.get(caFile),
      url,
      method,
      ...(body === undefined ? {} : { body }),
      headers: { 'user-agent': 'Terrace', ...options.headers, 'accept-encoding': 'gzip' },
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      signal: deadline.signal,
      accept: (head) => limitedSink(head, { url, maxBytes, chunks }),
    })
    deps.logger.debug({ url: displayUrl(url), method, status }, 'outbound request')
    if (status >= 500 || status === 429) throw statusError(url, status, parseRetryAfter(headers['retry-after'], deps.nowMs()))
    const received = await decode(Buffer.concat(chunks), { encoding: headers['content-encoding'], maxBytes, url })
    return { status, headers, body: received }
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason
    throw transportError(error)
  }
}
