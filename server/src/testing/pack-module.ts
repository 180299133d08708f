import { gzipSync } from 'node:zlib'
import { buildTar, paxHeader } from './tar-writer.ts'

/** Bytes of a name that a header has room for. */
const LONGEST_NAME = 100

/** A module archive of regular files in the given order, with PAX headers for long names only. */
export function packModule(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const entries = Object.entries(files).flatMap(([path, content]) =>
    Buffer.byteLength(path) > LONGEST_NAME ? [paxHeader([['path', path]]), { name: 'long', content }] : [{ name: path, content }],
  )
  return gzipSync(buildTar(entries))
}
