/** Bytes of a block; headers and contents are filled up to whole ones. */
export const TAR_BLOCK_BYTES = 512

/** The end mark of a tar. */
export const TAR_END = new Uint8Array(2 * TAR_BLOCK_BYTES)

/** A file as a reproducible archive has it. */
export interface TarFile {
  readonly path: string
  /** Bytes, below 8 GiB. */
  readonly size: number
  /** Mode 0755, otherwise 0644. */
  readonly executable: boolean
}

const NAME_BYTES = 100
const PREFIX_BYTES = 155
const PAX_HEADER_NAME = '././@PaxHeader'

/**
 * The headers before a file's content: a POSIX one without time, owner and names. A path that does not fit, or that has characters
 * beyond ASCII, has a PAX header before it with nothing but the path. Source: POSIX.1-2017, pax, ustar Interchange Format.
 */
export function tarHeaders({ path, size, executable }: TarFile): Uint8Array {
  const mode = executable ? 0o755 : 0o644
  const split = splitPath(path)
  if (split) return writeHeader({ ...split, mode, size, type: '0' })
  const record = paxRecord('path', path)
  return concat([
    writeHeader({ name: PAX_HEADER_NAME, prefix: '', mode: 0o644, size: record.length, type: 'x' }),
    record,
    paddingAfter(record.length),
    writeHeader({ name: plainName(path), prefix: '', mode, size, type: '0' }),
  ])
}

/** Zeroes up to the next block. */
export function paddingAfter(size: number): Uint8Array {
  return new Uint8Array((TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES)
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
function paxRecord(key: string, value: string): Uint8Array {
  const rest = encode(` ${key}=${value}\n`).length
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length += 1
  return encode(`${length} ${key}=${value}\n`)
}

interface HeaderFields {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly size: number
  readonly type: string
}

function writeHeader({ name, prefix, mode, size, type }: HeaderFields): Uint8Array {
  const header = new Uint8Array(TAR_BLOCK_BYTES)
  const write = (text: string, start: number): void => header.set(encode(text), start)
  const writeOctal = (value: number, start: number, digits: number): void => write(octal(value, digits), start)
  write(name, 0)
  writeOctal(mode, 100, 7)
  for (const start of [108, 116, 329, 337]) writeOctal(0, start, 7)
  writeOctal(size, 124, 11)
  writeOctal(0, 136, 11)
  write(type, 156)
  write('ustar\x0000', 257)
  write(prefix, 345)
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  write(`${octal(sum, 6)}\0 `, 148)
  return header
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let position = 0
  for (const part of parts) {
    whole.set(part, position)
    position += part.length
  }
  return whole
}
