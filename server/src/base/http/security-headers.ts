import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

const YEAR_SECONDS = 31_536_000

/** Name of the header that tells browsers to insist on https. */
export const HSTS = 'strict-transport-security'

/**
 * Headers of every answer, errors included. The policy allows nothing, which suits JSON and downloads; a page sets its own.
 * Source: requirements.md SEC-03.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  [HSTS]: `max-age=${YEAR_SECONDS}`,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // The filter of old browsers could itself be abused; 0 switches it off.
  'x-xss-protection': '0',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
})

/** The same for answers that no cache may keep. */
export const NO_STORE_HEADERS: Readonly<Record<string, string>> = Object.freeze({ ...SECURITY_HEADERS, 'cache-control': 'no-store' })

/**
 * True when HSTS would do harm: over https with the local CA, `localhost` would be pinned to https on every port, and with it
 * the http listener next to us. Over http browsers ignore the header.
 */
export function isLocalTls(raw: IncomingMessage): boolean {
  return (raw.socket as TLSSocket).encrypted === true && (raw.headers.host ?? '').startsWith('localhost')
}
