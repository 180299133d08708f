import { UnsupportedSource } from './module-source.ts'

const SEGMENT = /^[\w.@+~*,=-]+$/

/**
 * Parts a source at its first `//` behind the scheme and before the query; the query stays with the source.
 * Source: go-getter, `SourceDirSubdir`; protocol.md 2.4 (B30 to B34).
 * @throws {UnsupportedSource} for a folder that leaves the package, or whose name would mean something else in an address.
 */
export function splitSubdir(text: string): { readonly source: string; readonly subdir: string } {
  const end = text.includes('?') ? text.indexOf('?') : text.length
  const scheme = text.slice(0, end).indexOf('://')
  const offset = scheme === -1 ? 0 : scheme + '://'.length
  const at = text.slice(offset, end).indexOf('//')
  if (at === -1) return { source: text, subdir: '' }
  return { source: text.slice(0, offset + at) + text.slice(end), subdir: cleanSubdir(text.slice(offset + at + 2, end)) }
}

function cleanSubdir(text: string): string {
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw new UnsupportedSource('names a folder that leads outside of the package')
  if (segments.some((segment) => !SEGMENT.test(segment))) throw new UnsupportedSource('names a folder with unusual characters')
  return segments.join('/')
}

/** Puts a folder into a link: before its query, where clients look for it. */
export function withSubdir(link: string, subdir: string): string {
  if (subdir === '') return link
  const at = link.includes('?') ? link.indexOf('?') : link.length
  return `${link.slice(0, at)}//${subdir}${link.slice(at)}`
}
