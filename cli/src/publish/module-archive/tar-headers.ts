import { CliError } from '../../cli-error.ts'
import type { ModuleFile } from './read-module-folder.ts'

const BLOCK_BYTES = 512
const NAME_BYTES = 100
const PREFIX_BYTES = 155
const MAX_SIZE = 8 ** 11

/** The end mark of a tar. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES)

/**
 * The headers in front of a file's content, without times and owners. A path that does not fit the fields of POSIX, or that has
 * characters beyond ASCII, is told in a PAX header.
 *
 * @throws {CliError} when the file has 8 GiB or more.
 */
export function tarHeaders({ path, size, executable }: Pick<ModuleFile, 'path' | 'size' | 'executable'>): Buffer {
  if (size >= MAX_SIZE) throw new CliError(`Cannot pack "${path}": it has 8 GiB or more`)
  const mode = executable ? 0o755 : 0o644
  const split = splitPath(path)
  if (split !== undefined) return writeHeader({ ...split, mode, size, type: '0' })
  const record = paxRecord('path', path)
  return Buffer.concat([
    writeHeader({ name: '././@PaxHeader', prefix: '', mode: 0o644, size: record.length, type: 'x' }),
    record,
    paddingAfter(record.length),
    writeHeader({ name: path.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, NAME_BYTES), prefix: '', mode, size, type: '0' }),
  ])
}

/** Zeroes up to the next block. */
export function paddingAfter(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES)
}

function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (!/^[\x20-\x7e]+$/.test(path)) return undefined
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1)
  return slash < 1 || slash > PREFIX_BYTES ? undefined : { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

/** The length that stands in front counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  const guess = rest + String(rest).length
  const length = rest + String(guess).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

interface HeaderFields {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly size: number
  readonly type: string
}

/** Source: POSIX.1-2017, pax, ustar Interchange Format. */
function writeHeader({ name, prefix, mode, size, type }: HeaderFields): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
  header.write(name, 0, 'latin1')
  header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`, 100, 'latin1')
  header.write(`${type}`, 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(`${octal(0, 7)}\0${octal(0, 7)}\0${prefix}`, 329, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return header
}
