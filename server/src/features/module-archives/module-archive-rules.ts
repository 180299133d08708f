import { ArchiveRefused, type ArchiveRule, printableName } from '../../base/archives/archive-refused.ts'

/** The rules that a module archive must keep, by id; every one refuses. */
export type ModuleArchiveRule =
  | ArchiveRule
  | 'not_an_archive'
  | 'damaged_gzip'
  | 'damaged_tar'
  | 'several_members'
  | 'trailing_data'
  | 'several_end_records'
  | 'encrypted'
  | 'compression_method'
  | 'too_large'
  | 'compression_ratio'
  | 'entry_type'
  | 'entry_name'
  | 'path_escape'
  | 'path_too_long'
  | 'path_too_deep'
  | 'git_folder'
  | 'duplicate_name'
  | 'path_conflict'
  | 'no_configuration'
  | 'too_slow'

/** The rule that refuses an archive. */
export interface ModuleArchiveProblem {
  readonly rule: ModuleArchiveRule
  /** Entry name with control characters escaped, cut at 200 characters; absent when the whole archive is meant. */
  readonly entry?: string
  /** Place of the entry in the archive's list, from 1, as `tar -t` and `unzip -l` count. */
  readonly index?: number
  /** A clause that follows the entry or "it": `has two names`. */
  readonly text: string
}

/** Bounds of what is read and of what an archive may unpack to. */
export interface ModuleArchiveLimits {
  /** Bytes of the archive as received. */
  readonly maxArchiveBytes: number
  /** Bytes of all files together, uncompressed. */
  readonly maxUncompressedBytes: number
  /** Files and folders. */
  readonly maxEntries: number
  /** Uncompressed to compressed bytes. */
  readonly maxRatio: number
  /** Up to this many uncompressed bytes the ratio does not count: text may compress far better. */
  readonly ratioFreeBytes: number
  /** Folders above a file, and the file. */
  readonly maxDepth: number
  /** Bytes of a path; one segment may have 255. */
  readonly maxPathBytes: number
}

export const DEFAULT_MODULE_ARCHIVE_LIMITS: ModuleArchiveLimits = {
  maxArchiveBytes: 100 * 1024 ** 2,
  maxUncompressedBytes: 512 * 1024 ** 2,
  maxEntries: 10_000,
  maxRatio: 200,
  ratioFreeBytes: 64 * 1024 ** 2,
  maxDepth: 32,
  maxPathBytes: 1024,
}

/** A file or folder as the archive describes it, before its name is judged. */
export interface RawEntry {
  /** From 1. */
  readonly index: number
  readonly nameBytes: Buffer
  readonly kind: 'file' | 'folder'
  /** Bytes of the content that follows; 0 for folders. */
  readonly size: number
  /** The owner may run it. */
  readonly executable: boolean
}

/** A symbolic link as the archive describes it. */
export interface RawLink {
  /** From 1. */
  readonly index: number
  readonly nameBytes: Buffer
  readonly target: Buffer
}

/** A file of an archive whose place is settled. */
export interface TreeFile {
  /** Of the entry in the archive that has its content, from 1. */
  readonly index: number
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

/** What is known of the entry that a refusal is about. */
export interface EntryMark {
  readonly index: number
  readonly nameBytes?: Buffer
}

/** The refusal of an entry, or without a mark of the whole archive; to be thrown. */
export function refusal(rule: ModuleArchiveRule, text: string, mark?: EntryMark): ArchiveRefused<ModuleArchiveProblem> {
  const entry = mark?.nameBytes && printableName(mark.nameBytes.toString('utf8'))
  return new ArchiveRefused<ModuleArchiveProblem>({
    rule,
    ...(mark && { index: mark.index }),
    ...(entry !== undefined && { entry }),
    text,
  })
}

/** @throws {ArchiveRefused} compression_ratio when the archive unpacks to many times its size */
export function checkRatio({ from, to }: { readonly from: number; readonly to: number }, limits: ModuleArchiveLimits): void {
  if (to <= limits.ratioFreeBytes || to <= from * limits.maxRatio) return
  throw refusal('compression_ratio', `unpacks from ${from} to ${to} bytes, more than ${limits.maxRatio} times`)
}

/** @throws {ArchiveRefused} too_large when the files have more bytes than allowed */
export function checkTotal(bytes: number, limits: ModuleArchiveLimits): void {
  if (bytes <= limits.maxUncompressedBytes) return
  throw refusal('too_large', `unpacks to ${bytes} bytes or more, more than ${limits.maxUncompressedBytes}`)
}
