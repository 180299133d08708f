import { foldSegment, readEntryPath } from './entry-path.ts'
import { checkTotal, type ModuleArchiveLimits, type RawEntry, type RawLink, refusal, type TreeFile } from './module-archive-rules.ts'

import { resolveLinks, type TreeLink } from './resolve-links.ts'

interface Node {
  readonly name: string
  readonly kind: RawEntry['kind']
  /** The archive has an entry for it; otherwise it is the folder of something else. */
  listed: boolean
}

/** Files and folders for each entry that is allowed. */
const FOLDERS_FACTOR = 2
/** Folders of the standard module structure: what is in them belongs there. */
const STRUCTURE_FOLDERS = new Set(['modules', 'examples'])
/** Terraform passes over files that begin with a dot. */
const CONFIGURATION_FILE = /(?:^|\/)[^./][^/]*\.(?:tf|tofu)(?:\.json)?$/

/** The files of one archive, in its order. Holds each entry to the rules as it comes. */
export class ArchiveTree {
  readonly #limits: ModuleArchiveLimits
  readonly #nodes = new Map<string, Node>()
  readonly #files: TreeFile[] = []
  readonly #links: TreeLink[] = []
  #bytes = 0

  constructor(limits: ModuleArchiveLimits) {
    this.#limits = limits
  }

  /**
   * Takes the entry in.
   * @throws {ArchiveRefused} too_many_entries, too_large, duplicate_name, path_conflict, and what its path breaks
   */
  add(entry: RawEntry): void {
    const segments = this.#readPath(entry)
    this.#bytes += entry.size
    checkTotal(this.#bytes, this.#limits)
    this.#place(segments, entry)
    if (entry.kind === 'folder') return
    this.#files.push({ index: entry.index, path: segments.join('/'), size: entry.size, executable: entry.executable })
  }

  /** Remembers a link for the end, when all that it may lead to is known. */
  addLink({ target, ...link }: RawLink): void {
    const path = this.#readPath({ ...link, kind: 'file', size: 0, executable: false }).join('/')
    this.#links.push({ ...link, path, target })
  }

  /**
   * The files with paths below the root of the module, in the order in which they came, and the top folders that were taken off
   * unless they are to stay.
   * @throws {ArchiveRefused} no_configuration, and what the copies break that stand for links
   */
  finish({ keepsFolders }: { readonly keepsFolders: boolean }): { readonly files: readonly TreeFile[]; readonly unwrapped?: string } {
    this.#copyLinked()
    if (!this.#files.some(({ path }) => CONFIGURATION_FILE.test(path))) {
      throw refusal('no_configuration', this.#files.length === 0 ? 'has no files' : 'has no ".tf" or ".tofu" file')
    }
    const prefix = keepsFolders ? '' : findWrapping(this.#files)
    if (prefix === '') return { files: this.#files }
    const files = this.#files.map((file) => ({ ...file, path: file.path.slice(prefix.length) }))
    return { files, unwrapped: prefix.slice(0, -1) }
  }

  #readPath(entry: RawEntry): string[] {
    const { maxEntries } = this.#limits
    if (entry.index > maxEntries) throw refusal('too_many_entries', `has more than ${maxEntries} entries`)
    return readEntryPath(entry, this.#limits)
  }

  #copyLinked(): void {
    const { maxEntries } = this.#limits
    for (const { link, file } of resolveLinks(this.#files, this.#links)) {
      if (this.#files.length === maxEntries)
        throw refusal('too_many_entries', `has more than ${maxEntries} files with those behind its links`)
      this.#bytes += file.size
      checkTotal(this.#bytes, this.#limits)
      const segments = readEntryPath({ ...file, index: link.index, nameBytes: Buffer.from(file.path), kind: 'file' }, this.#limits)
      this.#place(segments, { ...file, index: link.index, nameBytes: link.nameBytes, kind: 'file' })
      this.#files.push(file)
    }
  }

  #place(segments: readonly string[], entry: RawEntry): void {
    let key = ''
    for (const [depth, name] of segments.entries()) {
      key += `/${foldSegment(name)}`
      const listed = depth === segments.length - 1
      const node: Node = { name, kind: listed ? entry.kind : 'folder', listed }
      const known = this.#nodes.get(key)
      if (known === undefined) this.#nodes.set(key, node)
      else meet(known, node, entry)
    }
    // Folders that no entry lists cost as much as those that one does.
    const most = FOLDERS_FACTOR * this.#limits.maxEntries
    if (this.#nodes.size > most) throw refusal('too_many_entries', `has more than ${most} files and folders`)
  }
}

/** Two entries that share a place: fine for a folder that one lists and others are in. */
function meet(known: Node, node: Node, entry: RawEntry): void {
  if (known.kind !== node.kind) throw refusal('path_conflict', 'needs a folder where another entry is a file, or the reverse', entry)
  if (known.name !== node.name) {
    throw refusal('duplicate_name', `has the same path as another entry on systems that ignore case ("${known.name}")`, entry)
  }
  if (known.listed && node.listed) throw refusal('duplicate_name', 'has the same path as an earlier entry', entry)
  known.listed ||= node.listed
}

/**
 * Top folders that hold everything, such as the one in archives of GitHub, with a slash behind; empty when there is none. They are
 * taken off until none is left, so that an unwrapped archive has nothing more to unwrap.
 */
function findWrapping(files: readonly TreeFile[]): string {
  const [first] = files
  let prefix = ''
  for (const segment of first?.path.split('/').slice(0, -1) ?? []) {
    const next = `${prefix}${segment}/`
    if (STRUCTURE_FOLDERS.has(segment) || !files.every(({ path }) => path.startsWith(next))) break
    prefix = next
  }
  return prefix
}
