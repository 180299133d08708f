import { readSync } from 'node:fs'
import { ArchiveRefused } from './archive-refused.ts'

/** Bounds of what is read. */
export interface ZipLimits {
  readonly maxEntries: number
}

/** One entry as the central directory describes it. Nothing here has been compared with the local header yet. */
export interface DirectoryEntry {
  /** Place in the directory, from 1. */
  readonly index: number
  readonly name: string
  /** The name's bytes as they stand in the zip; `h1` sorts by them. */
  readonly nameBytes: Buffer
  readonly flags: number
  /** Compression method: 0 stored, 8 deflated. */
  readonly method: number
  readonly crc32: number
  readonly compressedSize: number
  readonly size: number
  /** Where its local header begins. */
  readonly offset: number
  /** Unix mode with the file type bits; `undefined` when the zip was not made on Unix. */
  readonly mode: number | undefined
  /** As they stand there; what they mean depends on the system that made the zip. */
  readonly externalAttributes: number
  readonly extra: Buffer
}

export interface ZipDirectory {
  readonly entries: readonly DirectoryEntry[]
  /** Where the central directory begins: the end of the last entry in a clean zip. */
  readonly offset: number
  /** Bytes between the central directory and the end record. */
  readonly gapBytes: number
  /** The archive comment, up to the end of the file. */
  readonly comment: Buffer
  /** Another plausible end record stands near the end, so other readers may see other entries. */
  readonly severalEndRecords: boolean
}

const END_SIGNATURE = 0x06054b50
const CENTRAL_SIGNATURE = 0x02014b50
const END_LENGTH = 22
const CENTRAL_LENGTH = 46
const MAX_COMMENT = 0xffff
/** 10 000 entries with names of 1 KiB would fit; Go and goreleaser stay far below. */
const MAX_DIRECTORY_BYTES = 16 * 1024 ** 2
const SATURATED_16 = 0xffff
const SATURATED_32 = 0xffffffff
/** Makers whose high attribute bits are a Unix mode: Unix and macOS. */
const UNIX_MAKERS = new Set([3, 19])

/**
 * Reads the central directory, the only list of entries that Go (and so the CLIs) believe.
 *
 * @throws {ArchiveRefused} not_a_zip, zip64, too_many_entries
 */
export function readZipDirectory(file: { fd: number; size: number }, limits: ZipLimits): ZipDirectory {
  const tailOffset = Math.max(0, file.size - END_LENGTH - MAX_COMMENT)
  const tail = readAt(file.fd, tailOffset, file.size - tailOffset)
  const endIndex = findEndRecord(tail)
  const end = parseEndRecord(tail.subarray(endIndex), limits)
  const endOffset = tailOffset + endIndex
  if (end.offset + end.size > endOffset) throw notAZip('its central directory reaches beyond its end record')
  const bytes = readAt(file.fd, end.offset, end.size)
  return {
    entries: parseDirectory(bytes, end.count),
    offset: end.offset,
    gapBytes: endOffset - end.offset - end.size,
    comment: tail.subarray(endIndex + END_LENGTH),
    severalEndRecords: hasOtherEndRecord(tail, tailOffset, endIndex),
  }
}

/** Exactly `length` bytes. @throws {ArchiveRefused} not_a_zip when the file ends earlier */
function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const count = readSync(fd, bytes, done, length - done, offset + done)
    if (count === 0) throw notAZip('the file ends early')
    done += count
  }
  return bytes
}

/** Index of the last end record whose comment reaches exactly to the end of the file. */
function findEndRecord(tail: Buffer): number {
  let sawSignature = false
  for (let index = tail.length - END_LENGTH; index >= 0; index--) {
    if (tail[index] !== 0x50 || tail.readUInt32LE(index) !== END_SIGNATURE) continue
    if (index + END_LENGTH + tail.readUInt16LE(index + 20) === tail.length) return index
    sawSignature = true
  }
  throw notAZip(sawSignature ? 'it has data after its end record' : 'it has no end record')
}

function parseEndRecord(end: Buffer, limits: ZipLimits) {
  const count = end.readUInt16LE(10)
  const size = end.readUInt32LE(12)
  const offset = end.readUInt32LE(16)
  if (count === SATURATED_16 || size === SATURATED_32 || offset === SATURATED_32) throw zip64()
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== count) throw notAZip('it is one part of several')
  if (count > limits.maxEntries) {
    throw new ArchiveRefused({ rule: 'too_many_entries', text: `it has ${count} entries, more than ${limits.maxEntries}` })
  }
  if (size > MAX_DIRECTORY_BYTES) throw notAZip(`its central directory has ${size} bytes, more than ${MAX_DIRECTORY_BYTES}`)
  return { count, size, offset }
}

/**
 * Signatures also occur by chance in compressed bytes, so only a record whose pointers fit counts as another one.
 */
function hasOtherEndRecord(tail: Buffer, tailOffset: number, endIndex: number): boolean {
  for (let index = tail.length - END_LENGTH; index >= 0; index--) {
    if (index === endIndex || tail[index] !== 0x50 || tail.readUInt32LE(index) !== END_SIGNATURE) continue
    const reach = tail.readUInt32LE(index + 12) + tail.readUInt32LE(index + 16)
    if (reach <= tailOffset + index) return true
  }
  return false
}

function parseDirectory(bytes: Buffer, count: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  let position = 0
  for (let index = 0; index < count; index++) {
    if (position + CENTRAL_LENGTH > bytes.length || bytes.readUInt32LE(position) !== CENTRAL_SIGNATURE) {
      throw notAZip(`its central directory holds ${index} entries instead of ${count}`)
    }
    const header = bytes.subarray(position)
    const length = CENTRAL_LENGTH + header.readUInt16LE(28) + header.readUInt16LE(30) + header.readUInt16LE(32)
    if (length > header.length) throw notAZip('its central directory ends inside an entry')
    entries.push(parseEntry(header.subarray(0, length), index + 1))
    position += length
  }
  if (position !== bytes.length) throw notAZip('its central directory holds more entries than its end record says')
  return entries
}

function parseEntry(header: Buffer, index: number): DirectoryEntry {
  const nameEnd = CENTRAL_LENGTH + header.readUInt16LE(28)
  const nameBytes = header.subarray(CENTRAL_LENGTH, nameEnd)
  const compressedSize = header.readUInt32LE(20)
  const size = header.readUInt32LE(24)
  const offset = header.readUInt32LE(42)
  if (compressedSize === SATURATED_32 || size === SATURATED_32 || offset === SATURATED_32) throw zip64()
  return {
    index,
    name: nameBytes.toString('utf8'),
    nameBytes,
    flags: header.readUInt16LE(8),
    method: header.readUInt16LE(10),
    crc32: header.readUInt32LE(16),
    compressedSize,
    size,
    offset,
    externalAttributes: header.readUInt32LE(38),
    mode: UNIX_MAKERS.has(header.readUInt8(5)) ? header.readUInt16LE(40) : undefined,
    extra: header.subarray(nameEnd, nameEnd + header.readUInt16LE(30)),
  }
}

const notAZip = (text: string): ArchiveRefused => new ArchiveRefused({ rule: 'not_a_zip', text: `is not a clean zip file: ${text}` })

const zip64 = (): ArchiveRefused =>
  new ArchiveRefused({ rule: 'zip64', text: 'uses Zip64 fields, which no archive below 4 GiB and 65 535 entries needs' })
