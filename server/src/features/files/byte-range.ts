import type { GetRange } from '../../base/storage/object-store.ts'

const SINGLE_RANGE = /^bytes[ \t]*=[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*$/i

/**
 * The one range that a `Range` header asks for, within an object of `size` bytes. `undefined` where the header is to be
 * ignored and the whole object sent: other units, several ranges, bad syntax.
 * Source: RFC 9110, section 14.
 */
export function parseByteRange(header: string | undefined, size: number): GetRange | 'unsatisfiable' | undefined {
  const match = SINGLE_RANGE.exec(header ?? '')
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? '']
  if (first === '' && last === '') return undefined
  if (first === '') return suffixRange(Number(last), size)
  const start = Number(first)
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last)
  if (end < start) return undefined
  return start < size ? { start, end: Math.min(end, size - 1) } : 'unsatisfiable'
}

function suffixRange(length: number, size: number): GetRange | 'unsatisfiable' {
  return length > 0 && size > 0 ? { start: Math.max(0, size - length), end: size - 1 } : 'unsatisfiable'
}
