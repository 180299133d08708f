import { RegistryError } from '../errors.ts'
import { displayUrl } from './outbound-url.ts'

/** Longest wait that an upstream can ask of us; more is cut down to this. */
const MAX_RETRY_AFTER_SECONDS = 3600

const STATES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not made in time',
  ETIMEDOUT: 'the connection was not made in time',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it stopped sending',
  ENOTFOUND: 'the host name has no address',
  EAI_AGAIN: 'the host name cannot be resolved right now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter than announced',
}

/** Failures of a connection that was kept open and closed by the other side before it saw the request. */
const STALE_CONNECTION_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const CERTIFICATE_CODES = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|UNTRUSTED)/
const PROTOCOL_CODES = /^(HPE_|HTTPParserError|ERR_SSL_|EPROTO|UND_ERR_HEADERS_OVERFLOW)/

/** A connection that failed, as the layers below report it. */
export class ConnectionError extends Error {
  readonly url: URL
  /** Code of the socket, TLS or HTTP layer, for example `ECONNRESET`; the name of the error when there is none. */
  readonly code: string

  constructor(url: URL, cause: Error & { readonly code?: unknown }) {
    super(cause.message, { cause })
    this.name = 'ConnectionError'
    this.url = url
    this.code = String(cause.code ?? cause.name)
  }
}

/** Whether the same GET may be sent once more at once. */
export const isStaleConnection = (error: unknown): boolean => error instanceof ConnectionError && STALE_CONNECTION_CODES.has(error.code)

/** What a failed connection means for the caller; any other error is passed through. */
export function transportError(error: unknown): unknown {
  if (!(error instanceof ConnectionError)) return error
  // The guard refuses inside the connection.
  if (error.cause instanceof RegistryError) return error.cause
  const { code, cause } = error
  const shown = displayUrl(error.url)
  const options = { detail: { url: shown, reason: code }, cause }
  if (CERTIFICATE_CODES.test(code)) {
    return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": its TLS certificate is not trusted`, {
      ...options,
      hint: 'Name the CA of a private upstream by "ca_file" in the configuration',
    })
  }
  if (PROTOCOL_CODES.test(code)) {
    return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": the answer is not valid HTTP`, options)
  }
  return new RegistryError('UPSTREAM_UNAVAILABLE', `Cannot fetch "${shown}": ${STATES[code] ?? 'the connection failed'}`, options)
}

/** The body ended early although no layer below noticed. */
export function truncatedError(url: URL, sizes: { received: number; expected: number }): RegistryError {
  const { received, expected } = sizes
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_UNAVAILABLE', `Cannot fetch "${shown}": the answer ended after ${received} of ${expected} bytes`, {
    detail: { url: shown, reason: 'size_mismatch', received_bytes: received, expected_bytes: expected },
  })
}

export function timeoutError(url: URL, timeoutMs: number): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_UNAVAILABLE', `Cannot fetch "${shown}": it took longer than ${timeoutMs / 1000} seconds`, {
    detail: { url: shown, reason: 'timeout' },
  })
}

export function tooLargeError(url: URL, maxBytes: number): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": the answer is larger than ${maxBytes} bytes`, {
    detail: { url: shown, reason: 'too_large', max_bytes: maxBytes },
  })
}

/** An answer that came, but is of no use; permanent. */
export function unusableAnswer(url: URL, state: string, detail: Readonly<Record<string, unknown>> = {}): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": ${state}`, { detail: { url: shown, ...detail } })
}

export function blockedError(host: string, address: string): RegistryError {
  return new RegistryError('OUTBOUND_BLOCKED', `Cannot connect to "${host}": its address ${address} is not allowed`, {
    hint: 'Add its network to "outbound.allowed_networks" when this host is meant to be reached',
    detail: { host, address },
  })
}

/** An origin asked us to wait, and we still do. */
export function waitingError(url: URL, retryAfterSeconds: number): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_RATE_LIMITED', `Cannot fetch "${shown}": the upstream asked to wait ${retryAfterSeconds} seconds`, {
    detail: { url: shown },
    retryAfterSeconds,
  })
}

/**
 * What a status other than success means: 429, and 503 that says how long, ask to wait; other 5xx and 408 may pass; the rest is
 * an answer. `detail.status` holds the status.
 */
export function statusError(url: URL, status: number, retryAfterSeconds: number | undefined): RegistryError {
  const shown = displayUrl(url)
  const message = `Cannot fetch "${shown}": the upstream answered ${status}`
  const detail = { url: shown, status }
  if (status === 429 || (status === 503 && retryAfterSeconds !== undefined)) {
    return new RegistryError('UPSTREAM_RATE_LIMITED', message, {
      detail,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }
  return new RegistryError(status >= 500 || status === 408 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_REFUSED', message, { detail })
}

/**
 * Seconds to wait, at most an hour; `undefined` when the header is missing or unreadable.
 * Source: RFC 9110, section 10.2.3: seconds or an HTTP date.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}
