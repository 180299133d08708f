import { TAR_BLOCK_BYTES } from '@terrace/protocol/tar-headers.ts'
import { ByteReader } from './byte-reader.ts'
import { type EntryMark, type RawEntry, type RawLink, refusal } from './module-archive-rules.ts'
import { type PaxRecords, parsePaxRecords } from './pax-records.ts'
import { parseTarHeader, type TarHeader } from './tar-header.ts'

/** What comes next in a tar: a file or folder, a link, a piece of the file before, or the comment of the archive. */
export type TarEvent =
  | { readonly entry: RawEntry }
  | { readonly link: RawLink }
  | { readonly content: Buffer }
  | { readonly comment: string }

export interface ReadTarOptions {
  /** Symbolic links come through; otherwise they refuse the archive. */
  readonly passesLinks?: boolean
}

/** Extended attributes of files may be in it as well. */
const MAX_EXTENSION_BYTES = 64 * 1024
/** Writers fill up to a record, of 10 KiB by default. */
const MAX_FILLING_BYTES = 64 * 1024
const MAX_GLOBAL_HEADERS = 8
const OWNER_MAY_RUN = 0o100

/** Type flags by what they are called in a refusal. */
const REFUSED_TYPES: Readonly<Record<string, string>> = {
  1: 'a hard link',
  2: 'a symbolic link',
  3: 'a character device',
  4: 'a block device',
  6: 'a FIFO',
  7: 'a contiguous file',
  K: 'a link with a long target',
  S: 'a sparse file',
}

/**
 * Reads a tar to its end. Only regular files and folders come through; names of any length, as PAX or GNU headers give them. An
 * archive that readers could understand in different ways is refused. A piece of content is valid until the next event.
 *
 * @throws {ArchiveRefused}
 */
export async function* readTar(bytes: AsyncIterable<Buffer>, { passesLinks = false }: ReadTarOptions = {}): AsyncGenerator<TarEvent, void> {
  const reader = new ByteReader(bytes)
  const extensions = new Extensions()
  for (let index = 1; ; ) {
    const block = await takeBlocks(reader, TAR_BLOCK_BYTES, { index })
    if (isZero(block)) break
    const header = parseTarHeader(block, index)
    const mark = { index, nameBytes: header.nameBytes }
    if (EXTENSION_TYPES.has(header.type)) {
      const comment = extensions.add(header.type, await takeExtension(reader, header, mark), mark)
      if (comment !== undefined) yield { comment }
      continue
    }
    const named = { ...header, nameBytes: extensions.take(header, mark) }
    yield* passesLinks ? readAny(reader, named, index) : readEntry(reader, toEntry(named, index))
    index += 1
  }
  extensions.checkUsed()
  await checkEnd(reader)
}

const EXTENSION_TYPES = new Set(['x', 'g', 'L'])
const SYMBOLIC_LINK = '2'

async function* readEntry(reader: ByteReader, entry: RawEntry): AsyncGenerator<TarEvent, void> {
  yield { entry }
  yield* readContent(reader, entry)
}

async function* readAny(reader: ByteReader, header: TarHeader, index: number): AsyncGenerator<TarEvent, void> {
  if (header.type === SYMBOLIC_LINK) yield toLink(header, index)
  else yield* readEntry(reader, toEntry(header, index))
}

function toLink({ size, target, nameBytes }: TarHeader, index: number): TarEvent {
  if (size > 0) throw refusal('entry_type', 'is a link with content', { index, nameBytes })
  return { link: { index, nameBytes, target } }
}

/** Headers that describe the entry after them. Whatever could be read in two ways refuses the archive. */
class Extensions {
  #longName: Buffer | undefined
  #pax: PaxRecords | undefined
  #globals = 0

  /** The comment of the archive when it is one. */
  add(type: string, content: Buffer, mark: EntryMark): string | undefined {
    if (type === 'g') return this.#addGlobal(content, mark)
    // Readers disagree on which of two names counts, and on whether a size is meant for the name or for the file.
    if (this.#longName !== undefined || this.#pax !== undefined) {
      throw refusal('header_mismatch', 'has several headers that give it a name', mark)
    }
    if (type === 'x') this.#pax = parsePaxRecords(content, mark)
    else this.#longName = readLongName(content, mark)
    return undefined
  }

  /** The name of the entry that follows. */
  take({ nameBytes, size }: TarHeader, mark: EntryMark): Buffer {
    const name = this.#longName ?? this.#pax?.path ?? nameBytes
    if ((this.#pax?.size ?? size) !== size) {
      throw refusal('header_mismatch', 'has another size in its PAX header', { ...mark, nameBytes: name })
    }
    this.#longName = undefined
    this.#pax = undefined
    return name
  }

  /** Each of them needs an entry. */
  checkUsed(): void {
    if (this.#longName !== undefined || this.#pax !== undefined) throw refusal('damaged_tar', 'ends with a header that describes no entry')
  }

  /** `git archive` writes the commit there. Nothing else may be said about all entries at once. */
  #addGlobal(content: Buffer, mark: EntryMark): string | undefined {
    this.#globals += 1
    const { path, size, comment } = parsePaxRecords(content, mark)
    if (path !== undefined || size !== undefined || this.#globals > MAX_GLOBAL_HEADERS || this.#pax !== undefined) {
      throw refusal('header_mismatch', 'has a global PAX header that readers understand in different ways', mark)
    }
    return comment
  }
}

function readLongName(content: Buffer, mark: EntryMark): Buffer {
  const name = content.at(-1) === 0 ? content.subarray(0, -1) : content
  if (name.includes(0)) throw refusal('entry_name', 'has a NUL character in its name', mark)
  return Buffer.from(name)
}

function toEntry({ type, size, mode, nameBytes }: TarHeader, index: number): RawEntry {
  const mark = { index, nameBytes }
  const kind = ({ 0: 'file', 5: 'folder' } as const)[type]
  if (kind === undefined) {
    const what = REFUSED_TYPES[type] ?? `of the unknown type ${JSON.stringify(type)}`
    throw refusal('entry_type', `is ${what}; only regular files and folders are allowed`, mark)
  }
  if (kind === 'folder' && size > 0) throw refusal('entry_type', 'is a folder with content', mark)
  if (kind === 'file' && nameBytes.at(-1) === 0x2f) throw refusal('entry_type', 'is named like a folder and is none', mark)
  return { index, nameBytes, kind, size, executable: (mode & OWNER_MAY_RUN) !== 0 }
}

async function takeExtension(reader: ByteReader, { size }: TarHeader, mark: EntryMark): Promise<Buffer> {
  if (size > MAX_EXTENSION_BYTES) {
    throw refusal('path_too_long', `has a header of ${size} bytes for its name and attributes, more than ${MAX_EXTENSION_BYTES}`, mark)
  }
  return (await takeBlocks(reader, size + paddingOf(size), mark)).subarray(0, size)
}

async function* readContent(reader: ByteReader, { size, index, nameBytes }: RawEntry): AsyncGenerator<TarEvent, void> {
  let missing = size
  for await (const content of reader.pieces(size)) {
    missing -= content.length
    yield { content }
  }
  if (missing > 0) throw endsEarly({ index, nameBytes })
  await takeBlocks(reader, paddingOf(size), { index, nameBytes })
}

async function takeBlocks(reader: ByteReader, length: number, mark: EntryMark): Promise<Buffer> {
  const bytes = await reader.take(length)
  if (bytes.length < length) throw endsEarly(mark)
  return bytes
}

/** A second empty block, then nothing but filling up. */
async function checkEnd(reader: ByteReader): Promise<void> {
  const second = await reader.take(TAR_BLOCK_BYTES)
  if (second.length < TAR_BLOCK_BYTES) throw refusal('damaged_tar', 'has a tar that ends without its end mark')
  if (!isZero(second)) throw refusal('trailing_data', 'has data behind the end of its tar')
  let filling = 0
  for await (const piece of reader.pieces(Number.POSITIVE_INFINITY)) {
    filling += piece.length
    if (filling > MAX_FILLING_BYTES || !isZero(piece)) throw refusal('trailing_data', 'has data behind the end of its tar')
  }
}

const ZEROES = Buffer.alloc(TAR_BLOCK_BYTES)

function isZero(bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; start += TAR_BLOCK_BYTES) {
    const block = bytes.subarray(start, start + TAR_BLOCK_BYTES)
    if (!block.equals(ZEROES.subarray(0, block.length))) return false
  }
  return true
}

const paddingOf = (size: number): number => (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES

const endsEarly = (mark: EntryMark) => refusal('damaged_tar', 'is cut off: the tar ends early', mark)
