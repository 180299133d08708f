import { createHash } from 'node:crypto'
import { createGunzip } from 'node:zlib'
import type { ObjectSink } from './read-part.ts'

/** Takes the SHA-256 (hex) of what is packed in an archive; `undefined` for one that cannot be unpacked. */
export type TakeDigest = (digest: string | undefined) => void

/** Unpacks a `.tar.gz` as it comes and hashes the tar; holds one chunk. Nothing is told of an object that is not intact. */
export function digestContent(take: TakeDigest): ObjectSink {
  const hash = createHash('sha256')
  const gunzip = createGunzip()
  let state: 'open' | 'over' | 'failed' = 'open'
  // It may be over before the last byte: then nobody answers for what is written behind.
  const over = new Promise<void>((resolve) => {
    gunzip.once('end', () => {
      state = 'over'
      resolve()
    })
    gunzip.on('error', () => {
      state = 'failed'
      resolve()
    })
  })
  gunzip.on('data', (chunk: Uint8Array) => hash.update(chunk))
  return {
    async write(chunk) {
      if (state !== 'open') return
      // The source may use its buffer again.
      const piece = Uint8Array.from(chunk)
      await Promise.race([over, new Promise<void>((resolve) => gunzip.write(piece, () => resolve()))])
    },
    async end(intact) {
      if (state === 'open') gunzip.end()
      await over
      gunzip.destroy()
      if (intact) take(state === 'failed' ? undefined : hash.digest('hex'))
    },
  }
}
