/** Takes bytes from a stream in portions of one's own choice. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** A copy of the next `length` bytes; fewer at the end of the stream only. */
  async take(length: number): Promise<Buffer> {
    if (this.#rest.length >= length) return Buffer.from(this.#cut(length))
    const parts: Buffer[] = []
    for await (const piece of this.pieces(length)) parts.push(Buffer.from(piece))
    return Buffer.concat(parts)
  }

  /** The next `length` bytes as they come; fewer at the end of the stream only. A piece is valid until the next one is asked for. */
  async *pieces(length: number): AsyncGenerator<Buffer, void> {
    for (let missing = length; missing > 0 && (await this.#fill()); ) {
      const piece = this.#cut(missing)
      missing -= piece.length
      yield piece
    }
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      this.#rest = next.value
    }
    return true
  }

  #cut(most: number): Buffer {
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }
}
