import { createHash, type Hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { ArchiveRefused } from './archive-refused.ts'

/** Large enough that system calls do not count, small enough for the processor's cache. */
const CHUNK_BYTES = 256 * 1024

/**
 * Reads a file once, front to back, and hashes every byte on the way unless the hash is known already.
 * What it hands out lies in one reused buffer: it is valid until the next call.
 */
export class FileCursor {
  readonly #fd: number
  readonly #hash: Hash | undefined
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #position = 0

  constructor(fd: number, options: { hashing: boolean }) {
    this.#fd = fd
    this.#hash = options.hashing ? createHash('sha256') : undefined
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position
  }

  /** The next `length` bytes, at most 256 KiB. @throws {ArchiveRefused} not_a_zip when the file ends earlier */
  take(length: number): Buffer {
    for (let done = 0; done < length; ) {
      const count = readSync(this.#fd, this.#buffer, done, length - done, this.#position + done)
      if (count === 0) throw new ArchiveRefused({ rule: 'not_a_zip', text: 'is not a clean zip file: the file ends early' })
      done += count
    }
    this.#position += length
    const bytes = this.#buffer.subarray(0, length)
    this.#hash?.update(bytes)
    return bytes
  }

  /** The next `length` bytes in pieces. */
  *chunks(length: number): Generator<Buffer, void> {
    const end = this.#position + length
    while (this.#position < end) yield this.take(Math.min(CHUNK_BYTES, end - this.#position))
  }

  /** Goes forward to `offset`; reads what lies between only when hashing. */
  skipTo(offset: number): void {
    if (this.#hash === undefined) this.#position = offset
    while (this.#position < offset) this.take(Math.min(CHUNK_BYTES, offset - this.#position))
  }

  /** SHA-256 of what was read so far in lower-case hex; `undefined` when not hashing. Ends the hashing. */
  digest(): string | undefined {
    return this.#hash?.digest('hex')
  }
}
