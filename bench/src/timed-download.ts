import { connect } from 'node:net'

// As large as what a fast server sends at once; smaller reads would measure this client.
const READ_BYTES = 1 << 20
const IDLE_TIMEOUT_MS = 30_000

/**
 * Milliseconds from the request to the last byte of a body, read over a socket into one buffer and thrown away: quicker than curl,
 * so that the server is what is measured. Plain http only.
 *
 * @throws when the answer is not 200 or ends early.
 */
export function timeDownload(address: string): Promise<number> {
  const { hostname, port, host, pathname, search } = new URL(address)
  return new Promise((resolve, reject) => {
    const answer = new AnswerCounter()
    const startedAt = performance.now()
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (length, buffer) => {
          answer.add(Buffer.from(buffer.buffer, buffer.byteOffset, length))
          if (answer.complete) resolve(performance.now() - startedAt)
          if (answer.ended) socket.destroy()
          return true
        },
      },
    })
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy())
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`${pathname} ended early: ${answer.describe()}`)))
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  })
}

/** Counts the bytes of one answer that has a length. */
class AnswerCounter {
  #head = ''
  #missing: number | undefined
  #refused = false

  /** Every byte of a download is here. */
  get complete(): boolean {
    return this.#missing === 0
  }

  /** There is nothing more to wait for. */
  get ended(): boolean {
    return this.complete || this.#refused
  }

  add(bytes: Buffer): void {
    if (this.#missing !== undefined) {
      this.#missing -= bytes.length
      return
    }
    this.#head += bytes.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /^content-length: (\d+)$/im.exec(this.#head.slice(0, end).replaceAll('\r', ''))?.[1]
    if (!this.#head.startsWith('HTTP/1.1 200 ') || length === undefined) {
      this.#refused = true
      return
    }
    this.#missing = Number(length) - (this.#head.length - end - 4)
    this.#head = this.#head.slice(0, end)
  }

  describe(): string {
    return this.#missing === undefined ? `"${this.#head.slice(0, 100)}"` : `${this.#missing} bytes are missing`
  }
}
