import { writeSync } from 'node:fs'

/** Where log lines go; each call has one or more whole lines. */
export interface LogOutput {
  write(lines: string): void
  /** Writes what is left before it returns, unless nobody takes it. */
  flushSync(): void
}

/** A system call per line would cost as much as the rest of a protocol answer; this much is a hundred lines. */
const FLUSH_BYTES = 16 * 1024
const FLUSH_MS = 500
/** A pipe whose reader is slow takes nothing for a while. */
const FULL_PAUSE_MS = 20
const FULL_PAUSES_AT_EXIT = 100
/** What is kept for a reader that takes nothing at all. */
const MAX_COLLECTED_CHARACTERS = 32 * 1024 * 1024

/**
 * Collects lines and hands them to the descriptor by and by: when there are many, every half second, and when the process ends.
 * Node has made the pipes of standard output and error non-blocking, so a reader that is slow holds nobody up. Lines that cannot be
 * written (a full disk, a reader that is gone or far behind) are lost: the log must not take the server down with it.
 */
export function createLogOutput(fd: number): LogOutput {
  const output = new DescriptorOutput(fd)
  setInterval(() => output.flush(), FLUSH_MS).unref()
  process.on('exit', () => output.flushSync())
  return output
}

class DescriptorOutput implements LogOutput {
  readonly #fd: number
  #collected = ''
  /** From the first byte that is not out yet. */
  #rest: Buffer = Buffer.alloc(0)
  #pause: NodeJS.Timeout | undefined

  constructor(fd: number) {
    this.#fd = fd
  }

  write(lines: string): void {
    if (this.#collected.length < MAX_COLLECTED_CHARACTERS) this.#collected += lines
    if (this.#collected.length >= FLUSH_BYTES && this.#pause === undefined) this.flush()
  }

  /** Written by this thread, which costs less than waking another one and keeps the lines in order to the last. */
  flush(): void {
    if (this.#pause !== undefined || this.#writeSome()) return
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.flush()
    }, FULL_PAUSE_MS).unref()
  }

  flushSync(): void {
    for (let pauses = 0; !this.#writeSome() && pauses < FULL_PAUSES_AT_EXIT; pauses++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE_MS)
    }
  }

  /** Answers whether everything is out. */
  #writeSome(): boolean {
    this.#rest = writeUntilFull(this.#fd, this.#rest)
    if (this.#rest.length > 0) return false
    this.#rest = writeUntilFull(this.#fd, Buffer.from(this.#collected))
    this.#collected = ''
    return this.#rest.length === 0
  }
}

/** Answers what a full pipe did not take. */
function writeUntilFull(fd: number, bytes: Buffer): Buffer {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written)
    return bytes.subarray(written)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? bytes.subarray(written) : Buffer.alloc(0)
  }
}
