import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { GetRange, ObjectReader } from '../../base/storage/object-store.ts'
import type { BufferPool } from './buffer-pool.ts'
import { readChunks } from './read-chunks.ts'

/** The reader went away, or took nothing for too long. */
export class ResponseClosedError extends Error {}

export interface SendInput {
  readonly reader: ObjectReader
  readonly range: GetRange
  /** Receives the SHA-256 of all bytes before the last chunk is sent; throwing keeps that chunk back. */
  readonly approve?: (sha256: string) => void
}

/**
 * Writes the range of the object as the body of a response whose head was written, and ends it. One chunk is read while the
 * one before it is sent; a chunk's buffer is used again when the operating system has taken it.
 *
 * When it throws, the body is incomplete: the caller must destroy the response, not end it.
 * @throws {ResponseClosedError}
 */
export async function sendObject(response: ServerResponse, input: SendInput, pool: BufferPool): Promise<void> {
  const hash = input.approve === undefined ? undefined : createHash('sha256')
  let sending = Promise.resolve()
  for await (const chunk of readChunks(input.reader, input.range, pool)) {
    try {
      hash?.update(chunk.bytes)
      if (chunk.last && hash !== undefined) input.approve?.(hash.digest('hex'))
      await sending
    } catch (error) {
      chunk.release()
      throw error
    }
    sending = write(response, chunk.bytes).finally(chunk.release)
    // Its failure is thrown by the `await` of the next round, or by the last one.
    sending.catch(() => undefined)
  }
  await sending
  response.end()
}

/** Resolves when the chunk has been handed to the operating system. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new ResponseClosedError('The reader closed the connection'))
    if (response.closed || response.destroyed) return onClose()
    response.once('close', onClose)
    response.write(bytes, (error) => {
      response.off('close', onClose)
      if (error) reject(new ResponseClosedError('The reader closed the connection', { cause: error }))
      else resolve()
    })
  })
}
