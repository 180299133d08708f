/** Reads a stream in pieces of given sizes. */
export interface ByteReader {
  /** Up to `count` bytes, fewer at the end only; all in memory. */
  read(count: number): Promise<Uint8Array>
  /** Passes up to `count` bytes on as they come; answers how many there were. */
  pass(count: number, take: (chunk: Uint8Array) => void | Promise<void>): Promise<number>
  /** Bytes that are left; they are read and forgotten. */
  drain(): Promise<number>
}

/** Reads from the chunks of a file or a request. Holds one chunk. */
export function createByteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  const next = async (max: number): Promise<Uint8Array | undefined> => {
    while (rest.length === 0) {
      const { done, value } = await iterator.next()
      if (done === true) return undefined
      rest = value
    }
    const piece = rest.subarray(0, max)
    rest = rest.subarray(piece.length)
    return piece
  }
  const pass: ByteReader['pass'] = async (count, take) => {
    let passed = 0
    while (passed < count) {
      const piece = await next(count - passed)
      if (piece === undefined) break
      passed += piece.length
      await take(piece)
    }
    return passed
  }
  return {
    pass,
    async read(count) {
      const pieces: Uint8Array[] = []
      // The source may use its buffer again.
      await pass(count, (piece) => void pieces.push(Uint8Array.from(piece)))
      return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
    },
    drain: () => pass(Number.POSITIVE_INFINITY, () => undefined),
  }
}
