import { type Static, Type } from 'typebox'

const H1_PATTERN = /^h1:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const ZH_PATTERN = /^zh:[0-9a-f]{64}$/

/**
 * A package hash as lock files and mirrors write it: `h1:` (standard base64 with padding) over the names and contents of the
 * entries, or `zh:` (64 lower-case hex digits), the SHA-256 of the zip file. Clients compare the strings, so another spelling
 * of the same bytes is another hash. Source: protocol.md 4.7, D12h, D12i.
 */
export const PackageHash = Type.String({ pattern: `${H1_PATTERN.source}|${ZH_PATTERN.source}` })
export type PackageHash = Static<typeof PackageHash>

/** A parsed hash; `digest` is the text behind the scheme: base64 for `h1`, hex for `zh`. */
export interface ParsedHash {
  readonly scheme: 'h1' | 'zh'
  readonly digest: string
}

/** Reads a hash in its one valid spelling; undefined for other schemes, upper-case hex, missing padding, wrong lengths. */
export function parseHash(text: string): ParsedHash | undefined {
  if (H1_PATTERN.test(text)) return { scheme: 'h1', digest: text.slice('h1:'.length) }
  if (ZH_PATTERN.test(text)) return { scheme: 'zh', digest: text.slice('zh:'.length) }
  return undefined
}

/**
 * `h1:…` of the 32-byte digest of the summary text (protocol.md 4.8).
 * @throws {TypeError} when there are not 32 bytes.
 */
export function formatH1(digest: Uint8Array): string {
  if (digest.length !== 32) throw new TypeError(`Cannot format h1 hash: the digest has ${digest.length} bytes, not 32`)
  return `h1:${btoa(String.fromCharCode(...digest))}`
}

/**
 * `zh:…` of the hex SHA-256 of a zip; either case, as upstreams write both.
 * @throws {TypeError} when the text is not 64 hex digits.
 */
export function formatZh(sha256Hex: string): string {
  const lower = parseSha256Hex(sha256Hex)
  if (lower === undefined) throw new TypeError('Cannot format zh hash: the digest is not 64 hex digits')
  return `zh:${lower}`
}

/** A hex SHA-256 of either case, in lower case; undefined when it is not 64 hex digits. */
export function parseSha256Hex(text: string): string | undefined {
  return /^[0-9A-Fa-f]{64}$/.test(text) ? text.toLowerCase() : undefined
}
