import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'

const PIECE_BYTES = 256 * 1024

/**
 * Holds the content of files until their order is known: one nameless file, which the system removes when the process ends in
 * whatever way. No name of an archive ever reaches the disk.
 */
export class ContentStage {
  readonly #fd: number
  readonly #starts = new Map<number, number>()
  #end = 0

  /** Creates the file at `path`, where nothing may be, and takes its name away. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx+', 0o600)
    unlinkSync(path)
  }

  /** What is written from here on belongs to the file with this number. */
  begin(index: number): void {
    this.#starts.set(index, this.#end)
  }

  write(chunk: Buffer): void {
    for (let done = 0; done < chunk.length; ) {
      const count = writeSync(this.#fd, chunk, done, chunk.length - done, this.#end)
      done += count
      this.#end += count
    }
  }

  /** The content in pieces of up to 256 KiB, each in memory of its own. */
  *read({ index, size }: { readonly index: number; readonly size: number }): Generator<Buffer, void> {
    const start = this.#starts.get(index)
    if (start === undefined) throw new Error(`The content of entry ${index} was not kept`)
    for (let done = 0; done < size; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, size - done))
      const count = readSync(this.#fd, piece, 0, piece.length, start + done)
      if (count === 0) throw new Error(`The content of entry ${index} is shorter than it was`)
      done += count
      yield piece.subarray(0, count)
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}
