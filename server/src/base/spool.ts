import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { RegistryError } from './errors.ts'
import { newId } from './ids.ts'
import { writeAll } from './storage/durable-file.ts'
import { onDisk } from './storage/storage-error.ts'

/** A file of ours on the local disk that holds what somebody is sending; it goes away with `discard`. */
export interface SpooledFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Removes the file; does nothing when it was moved elsewhere. */
  discard(): Promise<void>
}

/** Where incoming packages wait until they are verified. */
export interface Spool {
  /**
   * Writes a body to a file and to the disk, hashing it on the way. Takes the chunks over: nobody may use them afterwards.
   * @throws {RegistryError} PAYLOAD_TOO_LARGE above `maxBytes`, STORAGE_FULL; nothing is left then.
   */
  receive(body: AsyncIterable<Uint8Array>, options: { readonly maxBytes: number }): Promise<SpooledFile>
  /** The same for a producer that pushes: call `write` for each chunk, then `finish` or `abort`. */
  openSink(options: { readonly maxBytes: number }): Promise<SpoolSink>
  /** A place for a file that somebody else writes; nothing is there yet. */
  reserve(): Promise<Pick<SpooledFile, 'path' | 'discard'>>
  /** Removes what processes that no longer run have left; answers how many folders went. */
  sweep(): Promise<number>
  /** Removes this process's folder. */
  close(): Promise<void>
}

export interface SpoolSink {
  write(chunk: Uint8Array): Promise<void>
  finish(): Promise<SpooledFile>
  abort(): Promise<void>
}

const FLUSH_BYTES = 1 << 20

/**
 * The spool below `root`. Each process has a folder of its own, named after the machine and the process, so that a sweep can
 * tell the leftovers of a killed process from what is being received right now.
 */
export function createSpool(root: string): Spool {
  const own = join(root, `${hostname()}-${process.pid}-${newId()}`)
  let made: Promise<unknown> | undefined
  const ensureFolder = () => {
    made ??= mkdir(own, { recursive: true, mode: 0o750 })
    return made
  }
  const openSink = async ({ maxBytes }: { readonly maxBytes: number }): Promise<SpoolSink> => {
    await ensureFolder()
    return openSpoolSink(join(own, newId()), { maxBytes, ownsChunks: false })
  }
  return {
    openSink,
    async reserve() {
      await ensureFolder()
      const path = join(own, newId())
      return { path, discard: () => rm(path, { force: true }) }
    },
    async receive(body, { maxBytes }) {
      await ensureFolder()
      const sink = await openSpoolSink(join(own, newId()), { maxBytes, ownsChunks: true })
      try {
        for await (const chunk of body) await sink.write(chunk)
        return await sink.finish()
      } catch (error) {
        await sink.abort()
        throw error
      }
    },
    sweep: () => sweepSpool(root),
    close: () => rm(own, { recursive: true, force: true }),
  }
}

async function openSpoolSink(
  path: string,
  { maxBytes, ownsChunks }: { readonly maxBytes: number; readonly ownsChunks: boolean },
): Promise<SpoolSink> {
  const file = await open(path, 'wx', 0o640)
  const hash = createHash('sha256')
  let size = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  const flush = async () => {
    const chunks = waiting
    const bytes = waitingBytes
    waiting = []
    waitingBytes = 0
    if (bytes > 0) await onDisk({ verb: 'write', key: 'spool', root: path }, writeChunks(file, chunks, bytes))
    if (ownsChunks) for (const chunk of chunks) giveBack(chunk)
  }
  const discard = () => rm(path, { force: true })
  return {
    async write(chunk) {
      size += chunk.byteLength
      if (size > maxBytes) {
        throw new RegistryError('PAYLOAD_TOO_LARGE', `Cannot receive the file: it is larger than ${maxBytes} bytes`, {
          hint: 'The limit is the setting "providers.package_max_mb" or "features.max_download_size_mb"',
          detail: { max_bytes: maxBytes },
        })
      }
      hash.update(chunk)
      waiting.push(chunk)
      waitingBytes += chunk.byteLength
      if (waitingBytes >= FLUSH_BYTES) await flush()
    },
    async finish() {
      await flush()
      await file.sync()
      await file.close()
      return { path, size, sha256: hash.digest('hex'), discard }
    },
    async abort() {
      await file.close().catch(() => undefined)
      await discard()
    },
  }
}

/** Smaller ones may be a buffer that a parser keeps and uses again. */
const SMALLEST_GIVEN_BACK_BYTES = 16 * 1024

/**
 * Frees the memory of a chunk that fills a buffer of its own. The collector would let 64 MB of them gather, since it sees how small
 * the objects are and not what hangs on them.
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  const fillsIt = byteLength === buffer.byteLength && byteLength >= SMALLEST_GIVEN_BACK_BYTES
  if (fillsIt && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** A nearly full disk may take only a part and report no error. */
async function writeChunks(file: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks)
  if (bytesWritten < bytes) await writeAll(file, Buffer.concat(chunks).subarray(bytesWritten))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Folders of other machines that share the volume cannot be asked; they are taken as abandoned after a day. */
const FOREIGN_MAX_AGE_MS = 24 * 60 * 60 * 1000

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const owner = /^(.+)-(\d+)-[0-9a-f-]{36}$/.exec(name)
  if (owner === null) return false
  const { birthtimeMs, mtimeMs, ctimeMs } = await stat(path)
  if (owner[1] === hostname()) {
    const pid = Number(owner[2])
    // In a container every start has the same pid: a folder from before this process began is a predecessor's.
    return pid === process.pid ? birthtimeMs < performance.timeOrigin : !isRunning(pid)
  }
  return performance.timeOrigin + performance.now() - Math.max(mtimeMs, ctimeMs) > FOREIGN_MAX_AGE_MS
}

async function sweepSpool(root: string): Promise<number> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  let removed = 0
  for (const name of names) {
    const path = join(root, name)
    if (!(await isAbandoned(path, name))) continue
    await rm(path, { recursive: true, force: true })
    removed += 1
  }
  return removed
}
