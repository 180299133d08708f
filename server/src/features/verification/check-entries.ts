import { printableName } from '../../base/archives/archive-refused.ts'
import type { DirectoryEntry, ZipDirectory } from '../../base/archives/zip-directory.ts'
import type { PackageLimits, PackageProblem, PackageRule } from './package-rules.ts'

/** An entry's problem without the entry. */
type Finding = readonly [rule: PackageRule, text: string] | undefined

const MAX_NAME_BYTES = 1024
/** Bit 0 encrypted, bit 5 patch data, bit 6 strong encryption, bit 13 masked headers. */
const ENCRYPTION_FLAGS = 0x2061
const UTF8_FLAG = 0x800
const FILE_TYPE_MASK = 0o170000
const REGULAR_FILE = 0o100000
const FOLDER = 0o040000
/** Gives the entry a second name that some unpackers prefer. */
const UNICODE_PATH_EXTRA = 0x7075
const ZIP64_EXTRA = 0x0001

/** A name that ends in `/`; the only thing Go looks at. */
export function isFolder(entry: DirectoryEntry): boolean {
  return entry.name.endsWith('/')
}

/**
 * Every rule that the central directory alone can break, in the order of the entries.
 * Sizes are the declared ones; whoever inflates must hold the content to them.
 */
export function checkEntries(directory: ZipDirectory, limits: PackageLimits): PackageProblem[] {
  const problems: PackageProblem[] = []
  for (const entry of directory.entries) {
    for (const check of ENTRY_CHECKS) {
      const finding = check(entry, limits)
      if (finding) problems.push({ rule: finding[0], entry: printableName(entry.name), text: finding[1] })
    }
  }
  return [...problems, ...findDuplicates(directory.entries), ...checkArchive(directory, limits)]
}

const ENTRY_CHECKS: readonly ((entry: DirectoryEntry, limits: PackageLimits) => Finding)[] = [
  checkName,
  checkNameClarity,
  checkType,
  checkReadable,
  checkExtra,
  checkRatio,
]

/** Names that could leave the folder they are unpacked to, on any operating system, or that `h1` cannot express. */
function checkName({ name, nameBytes }: DirectoryEntry): Finding {
  if (name === '') return ['entry_name', 'has an empty name']
  if (nameBytes.length > MAX_NAME_BYTES) return ['entry_name', `has a name of ${nameBytes.length} bytes, more than ${MAX_NAME_BYTES}`]
  if (!nameBytes.equals(Buffer.from(name))) return ['entry_name', 'has a name that is not UTF-8']
  if (hasControlCharacter(name)) return ['entry_name', 'has a control character in its name']
  if (name.includes('\\')) return ['entry_name', 'has a backslash in its name']
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return ['entry_name', 'has an absolute path as its name']
  if (name.split('/').includes('..')) return ['entry_name', 'has ".." in its path']
  return undefined
}

/** Names that one unpacker keeps and another one changes. */
function checkNameClarity({ name, nameBytes, flags }: DirectoryEntry): Finding {
  const segments = (name.endsWith('/') ? name.slice(0, -1) : name).split('/')
  if (name !== '' && segments.some((segment) => segment === '' || segment === '.')) {
    return ['unclear_name', 'has an empty or "." segment in its path']
  }
  if ((flags & UTF8_FLAG) === 0 && nameBytes.some((byte) => byte > 0x7f)) {
    return ['unclear_name', 'has a name beyond ASCII without the UTF-8 flag']
  }
  return undefined
}

function checkType(entry: DirectoryEntry): Finding {
  const type = (entry.mode ?? 0) & FILE_TYPE_MASK
  if (isFolder(entry)) {
    if (entry.size > 0) return ['entry_type', 'is a folder entry with content']
    if (type !== 0 && type !== FOLDER) return ['entry_type', 'is named like a folder and is none']
    return ['folder_entry', 'is a folder entry']
  }
  if (type !== 0 && type !== REGULAR_FILE) return ['entry_type', 'is not a regular file (a link, a device or the like)']
  return undefined
}

function checkReadable({ flags, method, size, compressedSize }: DirectoryEntry): Finding {
  if ((flags & ENCRYPTION_FLAGS) !== 0) return ['encrypted', 'is encrypted']
  if (method !== 0 && method !== 8)
    return ['compression_method', `uses compression method ${method}; only stored and deflate are read by the CLIs`]
  if (method === 0 && size !== compressedSize) return ['damaged_content', 'is stored with two different sizes']
  return undefined
}

function checkExtra({ extra }: DirectoryEntry): Finding {
  for (let position = 0; position + 4 <= extra.length; position += 4 + extra.readUInt16LE(position + 2)) {
    const id = extra.readUInt16LE(position)
    if (id === UNICODE_PATH_EXTRA || id === ZIP64_EXTRA)
      return ['header_mismatch', 'has an extra field that gives it a second name or size']
  }
  return undefined
}

function checkRatio({ size, compressedSize }: DirectoryEntry, limits: PackageLimits): Finding {
  if (!exceedsRatio(size, compressedSize, limits)) return undefined
  return ['compression_ratio', `unpacks from ${compressedSize} to ${size} bytes, more than ${limits.maxRatio} times`]
}

function exceedsRatio(size: number, compressedSize: number, limits: PackageLimits): boolean {
  return size > limits.ratioFreeBytes && size > compressedSize * limits.maxRatio
}

/** Names that are equal on some file system: Windows and macOS ignore case and Unicode composition. */
function findDuplicates(entries: readonly DirectoryEntry[]): PackageProblem[] {
  const seen = new Map<string, string>()
  const problems: PackageProblem[] = []
  for (const { name } of entries) {
    const key = name.normalize('NFC').toLowerCase().replace(/\/$/, '')
    const first = seen.get(key)
    if (first === undefined) seen.set(key, name)
    else
      problems.push({
        rule: 'duplicate_name',
        entry: printableName(name),
        text: `has the same name as the entry "${printableName(first)}"`,
      })
  }
  return problems
}

function checkArchive(directory: ZipDirectory, limits: PackageLimits): PackageProblem[] {
  const problems: PackageProblem[] = []
  const add = (rule: PackageRule, text: string): number => problems.push({ rule, text })
  const size = directory.entries.reduce((sum, entry) => sum + entry.size, 0)
  if (size > limits.maxUncompressedBytes) add('too_large', `unpacks to ${size} bytes, more than ${limits.maxUncompressedBytes}`)
  if (exceedsRatio(size, directory.offset, limits)) {
    add('compression_ratio', `unpacks from ${directory.offset} to ${size} bytes, more than ${limits.maxRatio} times`)
  }
  const surplusBytes = directory.gapBytes + directory.comment.length
  if (surplusBytes > 0) add('surplus_data', `has ${surplusBytes} bytes beyond its entries and directory`)
  if (directory.severalEndRecords) add('several_end_records', 'has several end records, so readers can disagree on its content')
  return problems
}

function hasControlCharacter(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}
