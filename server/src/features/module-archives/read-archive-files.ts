import { closeSync, fstatSync, openSync } from 'node:fs'
import { ArchiveRefused } from '../../base/archives/archive-refused.ts'
import { gunzipFile } from './gunzip-file.ts'
import { DEFAULT_MODULE_ARCHIVE_LIMITS, type RawEntry } from './module-archive-rules.ts'
import { readTar } from './read-tar.ts'

/** A file of an archive. */
export interface ArchiveFile {
  readonly path: string
  /** Bytes that it has. */
  readonly size: number
  /** Its first bytes, at most as many as were asked for. */
  readonly content: Buffer
}

export interface ReadArchiveOptions {
  /** Most bytes of one file to hand over; 0 leaves the file out. */
  readonly select: (path: string) => number
}

/** What our own archiver has written is not judged again. */
const NO_LIMITS = { ...DEFAULT_MODULE_ARCHIVE_LIMITS, maxUncompressedBytes: Number.MAX_SAFE_INTEGER, maxRatio: Number.MAX_SAFE_INTEGER }

/**
 * The selected files of a canonical module archive, in its order. What is not selected is passed over and never held in memory.
 *
 * @throws {Error} when the file is not there or not such an archive
 */
export async function* readArchiveFiles(path: string, options: ReadArchiveOptions): AsyncGenerator<ArchiveFile, void> {
  const fd = openSync(path, 'r')
  try {
    yield* selectFiles({ fd, size: fstatSync(fd).size }, options)
  } catch (error) {
    if (error instanceof ArchiveRefused) throw new Error(`The stored module archive ${error.message}`, { cause: error })
    throw error
  } finally {
    closeSync(fd)
  }
}

async function* selectFiles(file: { fd: number; size: number }, { select }: ReadArchiveOptions): AsyncGenerator<ArchiveFile, void> {
  let current: SelectedFile | undefined
  for await (const event of readTar(gunzipFile(file, NO_LIMITS))) {
    if ('content' in event) current?.add(event.content)
    if (!('entry' in event)) continue
    if (current) yield current.finish()
    current = selectEntry(event.entry, select)
  }
  if (current) yield current.finish()
}

function selectEntry({ nameBytes, size, kind }: RawEntry, select: ReadArchiveOptions['select']): SelectedFile | undefined {
  const path = nameBytes.toString('utf8')
  const most = kind === 'file' ? select(path) : 0
  return most > 0 ? new SelectedFile({ path, size }, most) : undefined
}

class SelectedFile {
  readonly #file: Omit<ArchiveFile, 'content'>
  readonly #parts: Buffer[] = []
  #missing: number

  constructor(file: Omit<ArchiveFile, 'content'>, most: number) {
    this.#file = file
    this.#missing = Math.min(most, file.size)
  }

  add(piece: Buffer): void {
    if (this.#missing === 0) return
    const part = Buffer.from(piece.subarray(0, this.#missing))
    this.#missing -= part.length
    this.#parts.push(part)
  }

  finish(): ArchiveFile {
    return { ...this.#file, content: Buffer.concat(this.#parts) }
  }
}
