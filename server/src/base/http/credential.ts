/** A secret as the caller sent it, or why it cannot be one. */
export type Credential = { readonly kind: 'none' } | { readonly kind: 'token'; readonly token: string } | { readonly kind: 'malformed' }

const NONE: Credential = { kind: 'none' }
const MALFORMED: Credential = { kind: 'malformed' }

// Longest session token is below 1 KB; a longer text is not worth a look.
const MAX_TOKEN_LENGTH = 4096
const BARE_BEARER = /^bearer\s*$/i
const TOKEN = /^[\x21-\x7e]+$/

/** A token that was sent by itself. */
export function readToken(text: string): Credential {
  return text.length <= MAX_TOKEN_LENGTH && TOKEN.test(text) ? { kind: 'token', token: text } : MALFORMED
}

/**
 * Reads `Authorization`. `Bearer TOKEN`, and `Basic` with the token as password: what a `.netrc` makes of it. The user name of
 * `Basic` is ignored, account passwords are never accepted here.
 */
export function readCredential(authorization: string | undefined): Credential {
  if (authorization === undefined || authorization === '') return NONE
  // A client with an empty token sends the bare word (protocol.md L-8, E18).
  if (BARE_BEARER.test(authorization)) return NONE
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, space).toLowerCase()
  const value = authorization.slice(space + 1).trim()
  if (scheme === 'bearer') return readToken(value)
  if (scheme !== 'basic' || value.length > MAX_TOKEN_LENGTH) return MALFORMED
  const decoded = Buffer.from(value, 'base64').toString('latin1')
  return readToken(decoded.slice(decoded.indexOf(':') + 1))
}
