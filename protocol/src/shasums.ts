import { parseSha256Hex } from './hashes.ts'
import type { Platform } from './platforms.ts'
import { quote } from './quote.ts'

/**
 * What is odd about a SHA256SUMS document. `blank_line` crashes Terraform, `star_name` and `dot_name` hide the file from it,
 * `not_a_checksum` (comments, one word, bad hex) takes the other platforms out of lock files. Source: protocol.md 3.5.
 */
export type ShasumsProblemKind = 'empty' | 'not_text' | 'blank_line' | 'not_a_checksum' | 'star_name' | 'dot_name' | 'duplicate'

export interface ShasumsProblem {
  readonly kind: ShasumsProblemKind
  /** Line, from 1; 0 when the whole document is meant. */
  readonly line: number
  /** One phrase for people, without the line number. */
  readonly message: string
}

export interface ParsedShasums {
  /** File name, exactly as written, to lower-case hex SHA-256. In document order; of a name that is there twice the first. */
  readonly checksums: ReadonlyMap<string, string>
  /** In line order; empty for a document that every client reads alike. */
  readonly problems: readonly ShasumsProblem[]
}

const BLANKS = /[ \t\v\f\r]+/

/** What names the files of a provider version. */
export interface PackageName extends Platform {
  readonly type: string
  readonly version: string
}

/**
 * Reads a SHA256SUMS document as Terraform does and tells what a client would stumble over; never throws. Accepted without a
 * word: one or more blanks or tabs between the columns, CRLF, upper-case hex, no final newline, words after the name.
 * `*name` and `./name` keep their prefix, so that a look-up by file name misses them as Terraform's does.
 * Source: protocol.md 3.5, C30.*.
 */
export function parseShasums(bytes: Uint8Array): ParsedShasums {
  const checksums = new Map<string, string>()
  const problems: ShasumsProblem[] = []
  const text = decodeUtf8(bytes)
  if (text === undefined) return { checksums, problems: [{ kind: 'not_text', line: 0, message: 'the document is not UTF-8 text' }] }
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) problems.push({ kind: 'empty', line: 0, message: 'the document is empty' })
  for (const [index, line] of lines.entries()) {
    const problem = readLine(line, checksums)
    if (problem !== undefined) problems.push({ ...problem, line: index + 1 })
  }
  return { checksums, problems }
}

/**
 * The document that every client reads: `hex␠␠name\n` per entry, sorted by name, nothing else.
 * @throws {TypeError} when a digest is not 64 hex digits or a name is not one printable ASCII word without a path.
 */
export function formatShasums(entries: Iterable<readonly [filename: string, sha256Hex: string]>): string {
  const lines = new Map<string, string>()
  for (const [filename, sha256Hex] of entries) {
    const hex = parseSha256Hex(sha256Hex)
    if (hex === undefined) throw new TypeError(`Cannot list ${quote(filename)}: its digest is not 64 hex digits`)
    if (!/^[0-9A-Za-z][!-.0-~]*$/.test(filename)) throw new TypeError(`Cannot list ${quote(filename)}: it is not a plain file name`)
    if (lines.has(filename)) throw new TypeError(`Cannot list ${quote(filename)}: it is there twice`)
    lines.set(filename, `${hex}  ${filename}\n`)
  }
  const names = [...lines.keys()].sort()
  return names.map((name) => lines.get(name) ?? '').join('')
}

/** File name of a package; upstreams must use it and we publish no other. */
export function expectedPackageFilename({ type, version, os, arch }: PackageName): string {
  return `terraform-provider-${type}_${version}_${os}_${arch}.zip`
}

/** File name of the SHA256SUMS document of a provider version. */
export function shasumsFilename({ type, version }: Pick<PackageName, 'type' | 'version'>): string {
  return `terraform-provider-${type}_${version}_SHA256SUMS`
}

/** File name of the detached binary signature of that document. */
export function signatureFilename(name: Pick<PackageName, 'type' | 'version'>): string {
  return `${shasumsFilename(name)}.sig`
}

/**
 * Matches the entry names that Terraform takes for the provider binary: in the root of the zip, `terraform-provider-TYPE`
 * alone or followed by `_` or `.` and anything. Source: protocol.md 3.7, C80*.
 */
export function binaryNamePattern(type: string): RegExp {
  const escaped = type.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^terraform-provider-${escaped}(?:[_.][^/]*)?$`)
}

function readLine(line: string, checksums: Map<string, string>): Omit<ShasumsProblem, 'line'> | undefined {
  const [first = '', filename] = line.split(BLANKS).filter((word) => word !== '')
  if (first === '') return { kind: 'blank_line', message: 'a blank line, on which Terraform crashes' }
  const sha256Hex = parseSha256Hex(first)
  if (sha256Hex === undefined || filename === undefined) {
    return { kind: 'not_a_checksum', message: `${quote(line)} is not a SHA-256 followed by a file name` }
  }
  if (checksums.has(filename)) return { kind: 'duplicate', message: `${quote(filename)} is there twice; the first line counts` }
  checksums.set(filename, sha256Hex)
  if (filename.startsWith('*')) return { kind: 'star_name', message: `${quote(filename)} has a star, which hides it from Terraform` }
  if (filename.startsWith('./')) return { kind: 'dot_name', message: `${quote(filename)} has a path, which hides it from Terraform` }
  return undefined
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    // The byte order mark is kept: it belongs to the first word for Terraform too.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
