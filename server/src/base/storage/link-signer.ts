import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'

/** What a link is worth now. */
export type LinkVerdict = 'valid' | 'expired' | 'invalid'

/** Makes and checks links that read one path, by GET or HEAD, for a limited time, without any other credential. */
export interface LinkSigner {
  /** The rooted path with `expires` (Unix seconds) and `signature` as its query. The path must not have a query yet. */
  sign(path: string, lifeSeconds: number): string
  /**
   * Judges the path and query of a request. `expired` only for a link that we did sign. Other keys of the query are not
   * looked at: clients and proxies add some, for example `archive` (protocol.md 5.4).
   */
  verify(path: string, query: Readonly<Record<string, unknown>>): LinkVerdict
}

/** Names what is signed, so that a signature under the same key for another purpose can never pass as a link. */
const PURPOSE = 'terrace-link-v1'
/** The one method that is signed; HEAD asks for the same thing without its body. */
const METHOD = 'GET'
const EXPIRES = /^[1-9][0-9]{0,11}$/
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/

/** Signs with HMAC-SHA-256. All replicas must be given the same 32 bytes, else a link works on one of them only. */
export function createLinkSigner(options: { readonly key: Uint8Array; readonly clock: Clock }): LinkSigner {
  if (options.key.byteLength < 32) throw new TypeError('The key of a link signer has at least 32 bytes')
  const key = createSecretKey(options.key)
  const { clock } = options
  // Each field is preceded by its length, so no two different field lists give the same text (CVE-2026-58426).
  const mac = (path: string, expires: string): Buffer => {
    const text = [PURPOSE, METHOD, path, expires].map((field) => `${Buffer.byteLength(field)}:${field}`).join('')
    return createHmac('sha256', key).update(text).digest()
  }
  return {
    sign(path, lifeSeconds) {
      if (!path.startsWith('/') || /[?#]/.test(path)) throw new TypeError(`Not a rooted path without query: "${path}"`)
      if (!(lifeSeconds > 0)) throw new TypeError('A link lives longer than 0 seconds')
      const expires = String(Math.ceil(clock.now() / 1000 + lifeSeconds))
      return `${path}?expires=${expires}&signature=${mac(path, expires).toString('base64url')}`
    },
    verify(path, { expires, signature }) {
      if (typeof expires !== 'string' || !EXPIRES.test(expires)) return 'invalid'
      if (typeof signature !== 'string' || !SIGNATURE.test(signature)) return 'invalid'
      if (!timingSafeEqual(mac(path, expires), Buffer.from(signature, 'base64url'))) return 'invalid'
      return clock.now() < Number(expires) * 1000 ? 'valid' : 'expired'
    },
  }
}
