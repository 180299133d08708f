import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { SECURITY_HEADERS } from '../security-headers.ts'

/** How long a client may take. */
export interface Timeouts {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number
  /** To the end of a body that is no upload. */
  readonly bodyMs: number
  /** To the end of any request: long enough for 500 MB over a slow line. */
  readonly requestMs: number
  /** How long the rest of a body is thrown away after a refusal, for clients that read the answer only then. */
  readonly lingerMs: number
  /** How often the first and the third are looked at. */
  readonly checkMs: number
}

/** What every listener keeps to. */
export const TIMEOUTS: Timeouts = { headersMs: 20_000, bodyMs: 60_000, requestMs: 15 * 60_000, lingerMs: 5000, checkMs: 5000 }

const MAX_HEADER_BYTES = 16 * 1024

/** Limits that Node keeps itself. */
export function connectionOptions({ headersMs, requestMs, checkMs }: Timeouts): ServerOptions {
  return { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: checkMs, maxHeaderSize: MAX_HEADER_BYTES }
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

function brokenRequestAnswer(code: string | undefined): string {
  const headers = Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`)
  const status = STATUS_LINES[code ?? ''] ?? '400 Bad Request'
  return [`HTTP/1.1 ${status}`, 'connection: close', 'content-length: 0', ...headers, '\r\n'].join('\r\n')
}

/** Answers on the bare socket what never became a request: bytes that are not HTTP, headers that are too long or too slow. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { _httpMessage: running } = socket as Socket & { readonly _httpMessage?: ServerResponse }
  // In the middle of an answer a second one would only look like a part of the first.
  if (socket.writable && running?.headersSent !== true) socket.end(brokenRequestAnswer(error.code))
  else socket.destroy()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Ends the connection of a refused request whose body keeps coming. Not at once: a client that is still sending would get a reset
 * instead of the answer.
 */
export function stopReadingLater(raw: IncomingMessage, { lingerMs }: Timeouts): void {
  // A request that was injected has no connection.
  if (raw.complete || !hasBody(raw) || !(raw.socket instanceof Socket)) return
  const timer = setTimeout(() => {
    if (!raw.complete) raw.socket.destroy()
  }, lingerMs)
  timer.unref()
}
