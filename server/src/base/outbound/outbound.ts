import type { Clock } from '../clock.ts'
import { createAddressGuard } from './address-guard.ts'
import { addressesOf } from './addresses-of.ts'
import { createDispatchers, type ResolveAddresses } from './dispatchers.ts'
import { downloadBody } from './download.ts'
import type { ByteSink } from './exchange.ts'
import { createFollower, type OutboundLogger } from './follow-redirects.ts'
import type {
  Downloaded,
  DownloadOptions,
  GetBytesOptions,
  ReceivedBytes,
  SendOptions,
  SentAnswer,
  SizeOptions,
} from './outbound-requests.ts'
import { readBytes } from './read-bytes.ts'
import { readSize } from './read-size.ts'
import { requireUnsealed } from './seal.ts'
import { sendRequest } from './send-request.ts'

export type { Downloaded, DownloadOptions, GetBytesOptions, ReceivedBytes, SendOptions, SentAnswer } from './outbound-requests.ts'

export interface OutboundOptions {
  /** CIDRs of private networks that may be contacted all the same. */
  readonly allowedNetworks: readonly string[]
  /** Time limit of `getBytes` where the call names none. */
  readonly apiTimeoutMs: number
  readonly clock: Clock
  readonly logger: OutboundLogger
  /** HTTP proxy for everything; empty or missing: none. */
  readonly proxyUrl?: string
  /** Nothing but `send` leaves (`mirror.sealed`). Default false. */
  readonly sealed?: boolean
  readonly resolveAddresses?: ResolveAddresses
}

/**
 * The only door to other servers. Every connection is checked after DNS and on each redirect; redirects never lead from https to
 * http; no credential or cookie is sent but what `send` is given; an origin that asked to wait is left alone until then.
 *
 * All calls throw {@link RegistryError}: OUTBOUND_BLOCKED (the address is not allowed), UPSTREAM_RATE_LIMITED (429, 503 with
 * Retry-After; `retryAfterSeconds`), UPSTREAM_UNAVAILABLE (5xx, timeouts, DNS, refused, truncated), UPSTREAM_REFUSED (any other
 * status, in `detail.status`; too large; unusable redirect; untrusted certificate), UPSTREAMS_SEALED (`mirror.sealed`; not from
 * `send`). A given `signal` throws its own reason.
 */
export interface Outbound {
  /** A small body as a whole; gzip and deflate are undone. */
  getBytes(url: URL | string, options: GetBytesOptions): Promise<ReceivedBytes>
  /** Size of a body in bytes, by a HEAD; `undefined` when the upstream does not say. Redirects are followed. */
  getSize(url: URL | string, options?: SizeOptions): Promise<number | undefined>
  /**
   * Streams a body into the sink, in order and exactly once. A connection that breaks off is resumed where it stopped when the
   * upstream supports it; what reached the sink must still be checked as a whole by the caller. What the sink throws is thrown.
   */
  download(url: URL | string, options: DownloadOptions, sink: ByteSink): Promise<Downloaded>
  /**
   * One request with the caller's own headers and body, for services of the house (identity providers, issuers of pipeline tokens),
   * which a sealed server asks too: redirects are not followed, so that no credential
   * goes further than meant, and nothing is sent twice. Only 5xx and 429 are failures; other answers are the caller's to read.
   */
  send(url: URL | string, options: SendOptions): Promise<SentAnswer>
  /**
   * Throws when the server is sealed. For what leaves by another door, and for work that is refused before it begins rather than at
   * its first request.
   * @throws {RegistryError} UPSTREAMS_SEALED
   */
  requireOpen(target: URL | string): void
  /**
   * The addresses of the URL's host that may be contacted, for a program that connects by itself and is to be bound to them;
   * `undefined` when there is no name to resolve: the URL spells an allowed address out, or a proxy resolves names.
   */
  addressesOf(url: URL): Promise<readonly string[] | undefined>
  /** Breaks off what is under way. */
  close(): Promise<void>
}

export function createOutbound(options: OutboundOptions): Outbound {
  const { allowedNetworks, proxyUrl, resolveAddresses, clock, logger, apiTimeoutMs, sealed = false } = options
  const guard = createAddressGuard(allowedNetworks)
  const dispatchers = createDispatchers({
    guard,
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(resolveAddresses === undefined ? {} : { resolveAddresses }),
  })
  const requireOpen = (target: URL | string) => requireUnsealed(sealed, target)
  const follow = createFollower({ dispatchers, guard, clock, logger, requireOpen })
  return {
    requireOpen,
    getBytes: (url, request) => readBytes(follow, url, { timeoutMs: apiTimeoutMs, ...request }),
    getSize: (url, request) => readSize(follow, url, { timeoutMs: apiTimeoutMs, ...request }),
    download: (url, request, sink) => downloadBody(follow, url, { ...request, sink }),
    send: (url, request) =>
      sendRequest({ dispatchers, guard, nowMs: () => clock.now(), logger }, url, { timeoutMs: apiTimeoutMs, ...request }),
    addressesOf: (url) => addressesOf({ guard, proxyUrl, resolveAddresses }, url),
    close: () => dispatchers.close(),
  }
}
