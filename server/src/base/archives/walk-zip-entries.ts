import { type ArchiveProblem, ArchiveRefused, printableName } from './archive-refused.ts'
import type { FileCursor } from './file-cursor.ts'
import { inflateZipEntry, type TakeContent } from './inflate-zip-entry.ts'
import type { DirectoryEntry, ZipDirectory } from './zip-directory.ts'

const LOCAL_SIGNATURE = 0x04034b50
const LOCAL_LENGTH = 30
const DESCRIPTOR_SIGNATURE = 0x08074b50
const DESCRIPTOR_FLAG = 0x8
/** CRC-32 and two sizes, without and with a signature before them. */
const DESCRIPTOR_LENGTHS = [12, 16]

/** Is told where each entry begins, and answers with who takes its content. */
export type EnterEntry = (entry: DirectoryEntry) => TakeContent

/**
 * Goes over the file once, in the order of the bytes, and compares what the local headers say with the directory. The result is
 * what only a reader of local headers sees.
 *
 * @throws {ArchiveRefused} overlapping_entries, not_a_zip, damaged_content
 */
export async function walkZipEntries(cursor: FileCursor, directory: ZipDirectory, enter: EnterEntry): Promise<readonly ArchiveProblem[]> {
  const ordered = [...directory.entries].sort((a, b) => a.offset - b.offset)
  const problems: ArchiveProblem[] = []
  for (const [index, entry] of ordered.entries()) {
    const next = ordered[index + 1]?.offset ?? directory.offset
    problems.push(...goToEntry(cursor, entry, next))
    await inflateZipEntry(cursor, entry, enter(entry))
    problems.push(...checkDescriptor(cursor, entry, next))
  }
  if (cursor.position < directory.offset)
    problems.push({ rule: 'surplus_data', text: 'has bytes before its directory that belong to no entry' })
  return problems
}

/** Goes to the entry's data, which must end before `next`. */
function goToEntry(cursor: FileCursor, entry: DirectoryEntry, next: number): ArchiveProblem[] {
  const problems: ArchiveProblem[] = []
  if (entry.offset < cursor.position) throw new ArchiveRefused(problem('overlapping_entries', entry, 'shares bytes with another entry'))
  if (entry.offset > cursor.position) problems.push(problem('surplus_data', entry, 'has bytes before it that belong to no entry'))
  cursor.skipTo(entry.offset)
  if (differsFromLocalHeader(cursor, entry)) problems.push(problem('header_mismatch', entry, 'is described differently in its two headers'))
  if (cursor.position + entry.compressedSize > next) {
    throw new ArchiveRefused(problem('overlapping_entries', entry, 'reaches into what follows it'))
  }
  return problems
}

/** Reads the local header; the cursor then stands at the entry's data. Bit 3 says that size and CRC follow the data. */
function differsFromLocalHeader(cursor: FileCursor, entry: DirectoryEntry): boolean {
  const header = Buffer.from(cursor.take(LOCAL_LENGTH))
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new ArchiveRefused(problem('not_a_zip', entry, 'has no local header'))
  const name = cursor.take(header.readUInt16LE(26))
  const sameName = name.equals(entry.nameBytes)
  cursor.take(header.readUInt16LE(28))
  const sameKind = header.readUInt16LE(6) === entry.flags && header.readUInt16LE(8) === entry.method
  const sizes = [header.readUInt32LE(14), header.readUInt32LE(18), header.readUInt32LE(22)] as const
  return !(sameName && sameKind && agreesWith(entry, sizes))
}

function agreesWith(entry: DirectoryEntry, [crc32, compressedSize, size]: readonly [number, number, number]): boolean {
  if ((entry.flags & DESCRIPTOR_FLAG) !== 0 && crc32 === 0 && compressedSize === 0 && size === 0) return true
  return crc32 === entry.crc32 && compressedSize === entry.compressedSize && size === entry.size
}

/** Reads the data descriptor when exactly one stands between the data and `next`; anything else there is left to the caller. */
function checkDescriptor(cursor: FileCursor, entry: DirectoryEntry, next: number): ArchiveProblem[] {
  if ((entry.flags & DESCRIPTOR_FLAG) === 0) return []
  const length = next - cursor.position
  if (!DESCRIPTOR_LENGTHS.includes(length)) return [problem('header_mismatch', entry, 'lacks its data descriptor')]
  const bytes = cursor.take(length)
  const start = length - 12
  const signed = start === 0 || bytes.readUInt32LE(0) === DESCRIPTOR_SIGNATURE
  const facts = [bytes.readUInt32LE(start), bytes.readUInt32LE(start + 4), bytes.readUInt32LE(start + 8)] as const
  const same = facts[0] === entry.crc32 && facts[1] === entry.compressedSize && facts[2] === entry.size
  return signed && same ? [] : [problem('header_mismatch', entry, 'has a data descriptor that differs from the directory')]
}

const problem = (rule: ArchiveProblem['rule'], entry: DirectoryEntry, text: string): ArchiveProblem => ({
  rule,
  entry: printableName(entry.name),
  index: entry.index,
  text,
})
