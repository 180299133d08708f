import { TAR_BLOCK_BYTES } from './tar-header.ts'

/** A file as a canonical archive has it. */
export interface CanonicalFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Mode 0755, otherwise 0644. */
  readonly executable: boolean
}

const NAME_BYTES = 100
const PREFIX_BYTES = 155
const PAX_HEADER_NAME = '././@PaxHeader'

/** The end mark of a tar. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK_BYTES)

/**
 * The headers before a file's content: a POSIX one without time, owner and names. A path that does not fit, or that has characters
 * beyond ASCII, has a PAX header before it with nothing but the path.
 */
export function canonicalHeaders({ path, size, executable }: CanonicalFile): Buffer {
  const mode = executable ? 0o755 : 0o644
  const split = splitPath(path)
  if (split) return writeHeader({ ...split, mode, size, type: '0' })
  const record = paxRecord('path', path)
  return Buffer.concat([
    writeHeader({ name: PAX_HEADER_NAME, prefix: '', mode: 0o644, size: record.length, type: 'x' }),
    record,
    paddingAfter(record.length),
    writeHeader({ name: plainName(path), prefix: '', mode, size, type: '0' }),
  ])
}

/** Zeroes up to the next block. */
export function paddingAfter(size: number): Buffer {
  return Buffer.alloc((TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES)
}

/** As early as possible, so that there is one way only; `undefined` when there is none. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (!/^[\x20-\x7e]+$/.test(path)) return undefined
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1)
  if (slash < 1 || slash > PREFIX_BYTES) return undefined
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

/** For readers that know no PAX headers. */
const plainName = (path: string): string => path.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, NAME_BYTES)

/** The length that stands in front counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length += 1
  return Buffer.from(`${length} ${key}=${value}\n`)
}

interface HeaderFields {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly size: number
  readonly type: string
}

function writeHeader({ name, prefix, mode, size, type }: HeaderFields): Buffer {
  const header = Buffer.alloc(TAR_BLOCK_BYTES)
  header.write(name, 0, 'latin1')
  writeOctal(header, { value: mode, start: 100, digits: 7 })
  for (const start of [108, 116, 329, 337]) writeOctal(header, { value: 0, start, digits: 7 })
  writeOctal(header, { value: size, start: 124, digits: 11 })
  writeOctal(header, { value: 0, start: 136, digits: 11 })
  header.write(type, 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(prefix, 345, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** Followed by NUL. */
function writeOctal(header: Buffer, { value, start, digits }: { value: number; start: number; digits: number }): void {
  header.write(value.toString(8).padStart(digits, '0'), start, 'latin1')
}
