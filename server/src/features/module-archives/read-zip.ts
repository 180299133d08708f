import { FileCursor } from '../../base/archives/file-cursor.ts'
import type { TakeContent } from '../../base/archives/inflate-zip-entry.ts'
import { walkZipEntries } from '../../base/archives/walk-zip-entries.ts'
import { type DirectoryEntry, readZipDirectory, type ZipDirectory } from '../../base/archives/zip-directory.ts'
import type { OpenArchive } from './gunzip-file.ts'
import {
  checkRatio,
  checkTotal,
  type ModuleArchiveLimits,
  type ModuleArchiveProblem,
  type ModuleArchiveRule,
  type RawEntry,
  refusal,
} from './module-archive-rules.ts'

/** An entry's problem without the entry. */
type Finding = readonly [rule: ModuleArchiveRule, text: string] | undefined

/** Bit 0 encrypted, bit 5 patch data, bit 6 strong encryption, bit 13 masked headers. */
const ENCRYPTION_FLAGS = 0x2061
const UTF8_FLAG = 0x800
const FILE_TYPE_MASK = 0o170000
const REGULAR_FILE = 0o100000
const FOLDER = 0o040000
const DOS_FOLDER = 0x10
const OWNER_MAY_RUN = 0o100
/** Second sizes, links by two makers, another encryption. */
const REFUSED_EXTRAS = new Set([0x0001, 0x000d, 0x756e, 0x9901])
/** The name once more, behind a version and a CRC-32: Info-ZIP writes it for names beyond ASCII. */
const UNICODE_PATH_EXTRA = 0x7075
const UNICODE_PATH_START = 5

/** What a zip holds, all of it judged by its list before anything is unpacked. */
export interface ReadableZip {
  readonly directory: ZipDirectory
  /** In the order of the list. */
  readonly entries: ReadonlyMap<DirectoryEntry, RawEntry>
}

/**
 * Reads the list of a zip.
 *
 * @throws {ArchiveRefused} with whatever rule an entry or the whole breaks
 */
export function openZip(file: OpenArchive, limits: ModuleArchiveLimits): ReadableZip {
  const directory = readZipDirectory(file, limits)
  if (directory.gapBytes > 0) throw refusal('trailing_data', 'has bytes between its list and its end record')
  if (directory.severalEndRecords) throw refusal('several_end_records', 'has several end records, so readers can disagree on its content')
  const entries = new Map(directory.entries.map((entry) => [entry, toEntry(entry)]))
  const bytes = directory.entries.reduce((sum, entry) => sum + entry.size, 0)
  checkTotal(bytes, limits)
  checkRatio({ from: directory.offset, to: bytes }, limits)
  return { directory, entries }
}

/** Unpacks the content of the files, in the order of their bytes. @throws {ArchiveRefused} */
export async function readZip(file: OpenArchive, { directory }: ReadableZip, take: (entry: DirectoryEntry) => TakeContent): Promise<void> {
  const cursor = new FileCursor(file.fd, { hashing: false })
  const [problem] = await walkZipEntries(cursor, directory, take)
  if (problem !== undefined) throw refusalOf(problem, directory)
}

function refusalOf({ rule, text, index }: ModuleArchiveProblem, directory: ZipDirectory) {
  const entry = index === undefined ? undefined : directory.entries[index - 1]
  return refusal(rule, text, entry)
}

function toEntry(entry: DirectoryEntry): RawEntry {
  for (const check of CHECKS) {
    const finding = check(entry)
    if (finding) throw refusal(...finding, entry)
  }
  const { index, nameBytes, size, mode = 0 } = entry
  const kind = isFolder(entry) ? 'folder' : 'file'
  return { index, nameBytes, kind, size, executable: kind === 'file' && (mode & OWNER_MAY_RUN) !== 0 }
}

const CHECKS: readonly ((entry: DirectoryEntry) => Finding)[] = [checkType, checkReadable, checkExtra]

const isFolder = ({ nameBytes }: DirectoryEntry): boolean => nameBytes.at(-1) === 0x2f

/** The type counts whatever system the zip says it comes from: some programs look there all the same. */
function checkType(entry: DirectoryEntry): Finding {
  const type = (entry.externalAttributes >>> 16) & FILE_TYPE_MASK
  if (type !== 0 && type !== REGULAR_FILE && type !== FOLDER) {
    return ['entry_type', 'is a link, a device or the like; only regular files and folders are allowed']
  }
  if (isFolder(entry)) {
    if (type === REGULAR_FILE) return ['entry_type', 'is named like a folder and is none']
    return entry.size > 0 ? ['entry_type', 'is a folder with content'] : undefined
  }
  if (type === FOLDER || (type === 0 && (entry.externalAttributes & DOS_FOLDER) !== 0)) {
    return ['entry_type', 'is a folder that is named like a file']
  }
  return undefined
}

function checkReadable({ flags, method, size, compressedSize, nameBytes, mode }: DirectoryEntry): Finding {
  if ((flags & ENCRYPTION_FLAGS) !== 0) return ['encrypted', 'is encrypted']
  if (method !== 0 && method !== 8) return ['compression_method', `uses compression method ${method}; only stored and deflate are allowed`]
  if (method === 0 && size !== compressedSize) return ['damaged_content', 'is stored with two different sizes']
  // Zips made on Unix have names as they are on the disk; elsewhere it could be any code page.
  const isUnclear = (flags & UTF8_FLAG) === 0 && mode === undefined && nameBytes.some((byte) => byte > 0x7f)
  return isUnclear ? ['entry_name', 'has a name beyond ASCII without the UTF-8 flag'] : undefined
}

function checkExtra({ extra, nameBytes }: DirectoryEntry): Finding {
  for (let position = 0; position + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(position)
    const end = position + 4 + extra.readUInt16LE(position + 2)
    const isOtherName = id === UNICODE_PATH_EXTRA && !extra.subarray(position + 4 + UNICODE_PATH_START, end).equals(nameBytes)
    if (isOtherName || REFUSED_EXTRAS.has(id)) return ['header_mismatch', 'has an extra field that gives it a second name, type or size']
    position = end
  }
  return undefined
}
