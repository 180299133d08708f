import { crc32, deflateRawSync } from 'node:zlib'

/** One entry of a test archive. Everything but `name` has a harmless default; `raw` lets a test lie about any header field. */
export interface ZipEntry {
  /** Entry name as it is written; a name that ends in `/` is a folder. Bytes for names that are not UTF-8. */
  readonly name: string | Uint8Array
  /** Uncompressed content; empty by default. */
  readonly content?: string | Uint8Array
  /** Unix mode with the file type bits; default `0o100755` for files and `0o040755` for folders. */
  readonly mode?: number
  /** `stored` by default. */
  readonly method?: 'stored' | 'deflated'
  readonly raw?: RawHeaderFields
}

/** Header fields that replace the true ones. A field given here is written to both headers, except where its name says which. */
export interface RawHeaderFields {
  readonly flags?: number
  readonly methodNumber?: number
  readonly crc32?: number
  readonly compressedSize?: number
  readonly uncompressedSize?: number
  readonly versionMadeBy?: number
  readonly externalAttributes?: number
  readonly localHeaderOffset?: number
  readonly localName?: string | Uint8Array
  readonly localUncompressedSize?: number
  readonly localCompressedSize?: number
  readonly localCrc32?: number
  readonly centralExtra?: Uint8Array
  readonly localExtra?: Uint8Array
  /** Stored bytes in place of the (compressed) content. */
  readonly data?: Uint8Array
  /** Leaves the entry out of the central directory: only a reader that scans local headers finds it. */
  readonly hidden?: boolean
}

/** Archive-level lies. */
export interface ZipOptions {
  readonly comment?: string | Uint8Array
  /** Bytes before the first local header; offsets stay right. */
  readonly prefix?: Uint8Array
  /** Bytes after the end record. */
  readonly suffix?: Uint8Array
  /** Bytes between the last entry and the central directory. */
  readonly gap?: Uint8Array
  /** Entry count in the end record in place of the true one. */
  readonly entryCount?: number
  /** Central directory offset in the end record in place of the true one. */
  readonly centralOffset?: number
}

interface PlacedEntry {
  readonly entry: ZipEntry
  readonly name: Buffer
  readonly localOffset: number
  readonly compressedSize: number
  readonly uncompressedSize: number
  readonly crc: number
}

/** 1980-01-01 00:00:00 in the DOS form: equal input gives equal bytes. */
const DOS_DATE = 0x21
const UTF8_NAME = 0x800

const bytesOf = (value: string | Uint8Array): Buffer =>
  typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

/**
 * A zip archive with the entries in the given order, without timestamps: the same input always gives the same bytes.
 * No ZIP64, no encryption, no data descriptors, unless a test writes them by `raw`.
 */
export function buildZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [bytesOf(options.prefix ?? '')]
  const placed: PlacedEntry[] = []
  let offset = parts[0]?.length ?? 0
  for (const entry of entries) {
    const { chunks, ...facts } = writeLocal(entry)
    placed.push({ entry, localOffset: offset, ...facts })
    for (const chunk of chunks) offset += chunk.length
    parts.push(...chunks)
  }
  const gap = bytesOf(options.gap ?? '')
  const central = placed.filter(({ entry }) => entry.raw?.hidden !== true).map(writeCentral)
  const directory = Buffer.concat(central)
  parts.push(gap, directory, writeEnd(options, { count: central.length, size: directory.length, offset: offset + gap.length }))
  parts.push(bytesOf(options.suffix ?? ''))
  return Buffer.concat(parts)
}

/** A healthy provider package as `terraform` accepts it: `LICENSE` and the binary at the root, no folder entries. */
export function buildProviderZip(input: { type: string; version: string; content?: string | Uint8Array; sizeBytes?: number }): Buffer {
  const { type, version, content = `#!/bin/sh\necho ${type} ${version}\n`, sizeBytes } = input
  const script = bytesOf(content)
  const binary = sizeBytes === undefined || sizeBytes <= script.length ? script : pad(script, sizeBytes)
  return buildZip([
    { name: 'LICENSE', content: 'MIT\n', mode: 0o100644 },
    { name: `terraform-provider-${type}_v${version}`, content: binary },
  ])
}

/** Bytes that do not compress, the same on each run: xorshift32 seeded by the length. */
function pad(start: Buffer, sizeBytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = sizeBytes | 1
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  const padded = Buffer.from(words.buffer, 0, sizeBytes)
  start.copy(padded)
  return padded
}

function writeLocal(entry: ZipEntry): Omit<PlacedEntry, 'entry' | 'localOffset'> & { chunks: Buffer[] } {
  const raw = entry.raw ?? {}
  const name = bytesOf(entry.name)
  const content = bytesOf(entry.content ?? '')
  const data = storedBytes(entry, content)
  const { compressedSize = data.length, uncompressedSize = content.length, crc32: crc = crc32(content) } = raw
  const { localCrc32 = crc, localCompressedSize = compressedSize, localUncompressedSize = uncompressedSize } = raw
  const localName = bytesOf(raw.localName ?? name)
  const extra = bytesOf(raw.localExtra ?? '')
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  writeCommon(header.subarray(4), entry)
  header.writeUInt32LE(localCrc32 >>> 0, 14)
  header.writeUInt32LE(localCompressedSize, 18)
  header.writeUInt32LE(localUncompressedSize, 22)
  header.writeUInt16LE(localName.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return { name, compressedSize, uncompressedSize, crc, chunks: [header, localName, extra, data] }
}

function storedBytes(entry: ZipEntry, content: Buffer): Buffer {
  if (entry.raw?.data !== undefined) return bytesOf(entry.raw.data)
  return entry.method === 'deflated' ? deflateRawSync(content) : content
}

function writeCentral(placed: PlacedEntry): Buffer {
  const { entry, name } = placed
  const raw = entry.raw ?? {}
  const extra = bytesOf(raw.centralExtra ?? '')
  const folder = name.at(-1) === 0x2f
  const mode = entry.mode ?? (folder ? 0o040755 : 0o100755)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(raw.versionMadeBy ?? 0x0314, 4)
  writeCommon(header.subarray(6), entry)
  header.writeUInt32LE(placed.crc >>> 0, 16)
  header.writeUInt32LE(placed.compressedSize, 20)
  header.writeUInt32LE(placed.uncompressedSize, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE((raw.externalAttributes ?? mode * 0x10000 + (folder ? 0x10 : 0)) >>> 0, 38)
  header.writeUInt32LE(raw.localHeaderOffset ?? placed.localOffset, 42)
  return Buffer.concat([header, name, extra])
}

/** Version needed, flags, method, time and date: ten bytes that both headers share. */
function writeCommon(target: Buffer, entry: ZipEntry): void {
  target.writeUInt16LE(20, 0)
  target.writeUInt16LE(entry.raw?.flags ?? (typeof entry.name === 'string' ? UTF8_NAME : 0), 2)
  target.writeUInt16LE(entry.raw?.methodNumber ?? (entry.method === 'deflated' ? 8 : 0), 4)
  target.writeUInt16LE(0, 6)
  target.writeUInt16LE(DOS_DATE, 8)
}

function writeEnd(options: ZipOptions, facts: { count: number; size: number; offset: number }): Buffer {
  const comment = bytesOf(options.comment ?? '')
  const count = options.entryCount ?? facts.count
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count & 0xffff, 8)
  end.writeUInt16LE(count & 0xffff, 10)
  end.writeUInt32LE(facts.size, 12)
  end.writeUInt32LE(options.centralOffset ?? facts.offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([end, comment])
}
