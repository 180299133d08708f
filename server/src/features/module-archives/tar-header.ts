import { TAR_BLOCK_BYTES } from '@terrace/protocol/tar-headers.ts'
import { type EntryMark, refusal } from './module-archive-rules.ts'

/** One 512-byte header as it stands in the archive. */
export interface TarHeader {
  /** With the prefix of POSIX headers. */
  readonly nameBytes: Buffer
  readonly mode: number
  readonly size: number
  /** Type flag; `0` for regular files, also for those of the oldest form. */
  readonly type: string
  /** What a link leads to. */
  readonly target: Buffer
}

const POSIX_MAGIC = 'ustar\x0000'
const GNU_MAGIC = 'ustar  \0'
const OLD_MAGIC = '\0'.repeat(8)
/** GNU headers have times where POSIX ones have the prefix; what follows are sparse maps. */
const GNU_SPARSE_AREA = 369
/** Where the `star` program keeps a mark of its own, which changes the meaning of the prefix. */
const POSIX_PADDING = 500
const LINK_TYPES = new Set(['1', '2'])

/**
 * Reads a header in the strictest way that the usual writers pass: readers differ in what they make of the rest, so that one would
 * unpack what another has not seen.
 * Source: reliability.md section 3, row 3
 *
 * @throws {ArchiveRefused} damaged_tar, header_mismatch
 */
export function parseTarHeader(block: Buffer, index: number): TarHeader {
  checkSum(block, index)
  const own = readText(block.subarray(0, 100), { index })
  const mark = { index, nameBytes: own }
  const magic = block.toString('latin1', 257, 265)
  const prefix = magic === POSIX_MAGIC ? readText(block.subarray(345, 500), mark) : Buffer.alloc(0)
  checkForm(block, magic, mark)
  const type = block.toString('latin1', 156, 157)
  if (!LINK_TYPES.has(type) && block[157] !== 0) throw refusal('header_mismatch', 'names a target and is no link', mark)
  return {
    nameBytes: prefix.length === 0 ? own : Buffer.concat([prefix, Buffer.from('/'), own]),
    mode: readOctal(block.subarray(100, 108), mark),
    size: readOctal(block.subarray(124, 136), mark),
    type: type === '\0' ? '0' : type,
    target: LINK_TYPES.has(type) ? readText(block.subarray(157, 257), mark) : Buffer.alloc(0),
  }
}

function checkSum(block: Buffer, index: number): void {
  const mark = { index }
  const declared = readOctal(block.subarray(148, 156), mark)
  let sum = 8 * 0x20
  for (let position = 0; position < TAR_BLOCK_BYTES; position++) {
    if (position < 148 || position >= 156) sum += block[position] ?? 0
  }
  if (sum !== declared) throw refusal('damaged_tar', 'has a header with a wrong checksum', mark)
}

function checkForm(block: Buffer, magic: string, mark: EntryMark): void {
  if (![POSIX_MAGIC, GNU_MAGIC, OLD_MAGIC].includes(magic)) throw refusal('damaged_tar', 'has a header of an unknown form', mark)
  // Nobody reads more of the oldest form.
  const unused = { [POSIX_MAGIC]: POSIX_PADDING, [GNU_MAGIC]: GNU_SPARSE_AREA }[magic] ?? TAR_BLOCK_BYTES
  if (block.subarray(unused).some((byte) => byte !== 0)) throw refusal('header_mismatch', 'has data in an unused part of its header', mark)
}

/** Up to the first NUL; only more of them may follow. */
function readText(field: Buffer, mark: EntryMark): Buffer {
  const end = field.indexOf(0)
  if (end < 0) return Buffer.from(field)
  if (field.subarray(end).some((byte) => byte !== 0)) throw refusal('entry_name', 'has a NUL character in its name', mark)
  return Buffer.from(field.subarray(0, end))
}

/** An unset field is 0. Binary numbers, which some readers know, are only needed beyond 8 GiB. */
function readOctal(field: Buffer, mark: EntryMark): number {
  const text = field.toString('latin1')
  const digits = /^ *(?<digits>[0-7]*)[ \0]*$/.exec(text)?.groups?.digits
  if (digits === undefined) throw refusal('damaged_tar', 'has a header with a number that cannot be read', mark)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}
