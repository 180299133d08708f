/**
 * Read size while there are buffers to spare. Half a megabyte is where a download over loopback stops getting faster: fewer
 * system calls, and still small enough to stay in the processor's cache between being read and being sent.
 */
export const LARGE_BUFFER_BYTES = 512 * 1024
/** Read size when all large buffers are out: slower, but a thousand stalled readers then cost 128 MB and not 1 GB. */
export const SMALL_BUFFER_BYTES = 64 * 1024
const MAX_LARGE_BUFFERS = 32

/** Buffers that are used again: a fresh one for every read costs more than the read, in page faults. */
export interface BufferPool {
  /** A buffer with unspecified content, large or small. */
  acquire(): Buffer
  /** Takes back a buffer from `acquire` that nobody reads or writes any more. */
  release(buffer: Buffer): void
}

/** Keeps at most 16 MiB, and only what was needed at once. */
export function createBufferPool(): BufferPool {
  const free: Buffer[] = []
  let made = 0
  return {
    acquire() {
      const buffer = free.pop()
      if (buffer !== undefined) return buffer
      if (made >= MAX_LARGE_BUFFERS) return Buffer.allocUnsafeSlow(SMALL_BUFFER_BYTES)
      made += 1
      return Buffer.allocUnsafeSlow(LARGE_BUFFER_BYTES)
    },
    release(buffer) {
      if (buffer.byteLength === LARGE_BUFFER_BYTES) free.push(buffer)
    },
  }
}
