import { isUtf8 } from 'node:buffer'
import { type ModuleArchiveLimits, type ModuleArchiveRule, type RawEntry, refusal } from './module-archive-rules.ts'

/** A path's problem without the path. */
type Finding = readonly [rule: ModuleArchiveRule, text: string] | undefined

const MAX_SEGMENT_BYTES = 255
/** Control characters, line separators, and marks that change the direction or the look of what follows. */
const DECEIVING = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
/** Characters that HFS+ leaves out when it compares names. */
const IGNORED_BY_FILE_SYSTEMS = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/**
 * Segments of the entry's path below the root of the archive; empty for the root itself, which many archives list as `./`.
 * A path that passes means the same place on every operating system, below whatever folder it is unpacked to.
 *
 * @throws {ArchiveRefused} entry_name, path_escape, path_too_long, path_too_deep, git_folder
 */
export function readEntryPath(entry: RawEntry, limits: ModuleArchiveLimits): string[] {
  const name = entry.nameBytes.toString('utf8')
  const finding = checkBytes(entry.nameBytes, limits) ?? checkCharacters(name) ?? checkRoot(name)
  if (finding) throw refusal(...finding, entry)
  if (entry.kind === 'folder' && (name === '.' || name === './')) return []
  const segments = splitPath(name, entry.kind)
  const problem = checkDepth(segments, limits) ?? firstFinding(segments)
  if (problem) throw refusal(...problem, entry)
  return segments
}

/** The leading `./` is what `tar -C folder .` writes. */
function splitPath(name: string, kind: RawEntry['kind']): string[] {
  const start = name.startsWith('./') ? 2 : 0
  const end = kind === 'folder' && name.endsWith('/') ? -1 : undefined
  return name.slice(start, end).split('/')
}

function checkBytes(nameBytes: Buffer, { maxPathBytes }: ModuleArchiveLimits): Finding {
  if (nameBytes.length === 0) return ['entry_name', 'has an empty name']
  if (nameBytes.length > maxPathBytes) return ['path_too_long', `has a path of ${nameBytes.length} bytes, more than ${maxPathBytes}`]
  return isUtf8(nameBytes) ? undefined : ['entry_name', 'has a name that is not UTF-8']
}

function checkCharacters(name: string): Finding {
  if (name.includes('\0')) return ['entry_name', 'has a NUL character in its name']
  if (DECEIVING.test(name)) return ['entry_name', 'has a control character in its name']
  return name.includes('\\') ? ['entry_name', 'has a backslash in its name'] : undefined
}

function checkRoot(name: string): Finding {
  if (name.split('/').includes('..')) return ['path_escape', 'path leaves the module root']
  return name.startsWith('/') ? ['path_escape', 'path is absolute'] : undefined
}

function checkDepth({ length }: readonly string[], { maxDepth }: ModuleArchiveLimits): Finding {
  return length > maxDepth ? ['path_too_deep', `path has ${length} levels, more than ${maxDepth}`] : undefined
}

function firstFinding(segments: readonly string[]): Finding {
  for (const segment of segments) {
    const finding = checkSegment(segment)
    if (finding) return finding
  }
  return undefined
}

function checkSegment(segment: string): Finding {
  if (segment === '' || segment === '.') return ['entry_name', 'has an empty or "." segment in its path']
  if (/^[A-Za-z]:/.test(segment)) return ['path_escape', 'path names a drive']
  const bytes = Buffer.byteLength(segment)
  if (bytes > MAX_SEGMENT_BYTES) return ['path_too_long', `has a name of ${bytes} bytes in its path, more than ${MAX_SEGMENT_BYTES}`]
  return isGitFolder(segment) ? ['git_folder', 'belongs to a ".git" folder'] : undefined
}

/** Everything that is `.git` for git itself on some file system (CVE-2014-9390, CVE-2019-1352). */
function isGitFolder(segment: string): boolean {
  const plain = segment.replace(IGNORED_BY_FILE_SYSTEMS, '').toLowerCase()
  return /^(?:\.git|git~1)(?:[. ]*$|:)/.test(plain)
}

/** Equal for names that are one file on some file system: Windows and macOS ignore case and composition, Windows a dot at the end. */
export function foldSegment(segment: string): string {
  const folded = segment.normalize('NFC').toUpperCase().toLowerCase()
  return folded.replace(/[. ]+$/, '')
}
