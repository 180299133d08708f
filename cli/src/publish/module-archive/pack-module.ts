import { createReadStream } from 'node:fs'
import { constants, type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { paddingAfter, TAR_END, tarHeaders } from '@terrace/protocol/tar-headers.ts'
import { CliError, usageError } from '../../cli-error.ts'
import { describeFileError } from '../../input/read-input.ts'
import type { ModuleFile, ModuleFolder } from './read-module-folder.ts'

/** An archive of known size that can be read as often as wanted, until it is closed. */
export interface PackedModule {
  /** Bytes. */
  readonly size: number
  read(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

const READ_BYTES = 256 * 1024
/** Eleven octal digits. */
const MAX_FILE_BYTES = 8 ** 11

/**
 * Packs a module as `.tar.gz` into a temporary file. Memory does not depend on the size of the module. The file has no name while it
 * is used, so nothing is left when the command ends early.
 *
 * @param onBytes told how many bytes of the files are packed.
 * @throws {CliError} for a file that cannot be read or that changes meanwhile.
 */
export async function packModule({ files }: ModuleFolder, onBytes: (done: number) => void): Promise<PackedModule> {
  const file = await openNameless()
  try {
    await pipeline(Readable.from(tarOf(files, onBytes), { objectMode: false }), createGzip(), (packed) => file.writeFile(packed))
    const { size } = await file.stat()
    return { size, read: () => readFrom(file), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** An archive that somebody else has packed. @throws {CliError} exit code 2 when it cannot be read. */
export async function openArchive(path: string): Promise<PackedModule> {
  try {
    const file = await open(path)
    const { size } = await file.stat()
    await file.close()
    return { size, read: () => createReadStream(path, { highWaterMark: READ_BYTES }), close: async () => {} }
  } catch (error) {
    throw usageError(`Cannot read "${path}": ${describeFileError(error as NodeJS.ErrnoException)}`)
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-'))
  try {
    return await open(join(folder, 'module.tar.gz'), 'wx+', 0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* readFrom(file: FileHandle): AsyncGenerator<Uint8Array> {
  let position = 0
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
  }
}

async function* tarOf(files: readonly ModuleFile[], onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0
  for (const file of files) {
    if (file.size >= MAX_FILE_BYTES) throw new CliError(`Cannot pack "${file.path}": it has 8 GiB or more`)
    yield tarHeaders(file)
    for await (const chunk of contentOf(file)) {
      yield chunk
      done += chunk.length
      onBytes(done)
    }
    const padding = paddingAfter(file.size)
    if (padding.length > 0) yield padding
  }
  yield TAR_END
}

/** Not through a link that has taken the file's place since it was looked at. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

async function* contentOf({ path, realPath, size }: ModuleFile): AsyncGenerator<Uint8Array> {
  const file = await openFile(path, realPath)
  let read = 0
  for await (const chunk of file.createReadStream({ highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    read += chunk.length
    if (read > size) break
    yield chunk
  }
  if (read !== size) throw new CliError(`Cannot pack "${path}": the file changed while it was read`, { hint: 'Run the command again' })
}

/** A stream that is made of it closes it. */
async function openFile(path: string, realPath: string): Promise<FileHandle> {
  try {
    return await open(realPath, READ_FLAGS)
  } catch (error) {
    throw new CliError(`Cannot pack "${path}": ${describeFileError(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}
