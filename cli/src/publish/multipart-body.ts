import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { CliError } from '../cli-error.ts'
import type { HttpBody } from '../connection/http-connection.ts'

/** One part of a form; files and streams of known size are read while they are sent. */
export type MultipartPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly content: Uint8Array }
  | { readonly name: string; readonly filename: string; readonly path: string; readonly size: number }
  | { readonly name: string; readonly filename: string; readonly size: number; readonly read: () => AsyncIterable<Uint8Array> }

const READ_BYTES = 256 * 1024

/**
 * A multipart/form-data body of known length. Memory does not depend on the size of the files. Chunks can be taken once.
 * @throws {CliError} while it is sent, when a file no longer has the size it was announced with.
 */
export function createMultipartBody(parts: readonly MultipartPart[]): HttpBody & { readonly contentType: string } {
  const boundary = `terrace-${randomUUID()}`
  const heads = parts.map((part) => Buffer.from(`--${boundary}\r\n${headerOf(part)}\r\n\r\n`))
  const end = Buffer.from(`--${boundary}--\r\n`)
  const length = parts.reduce((sum, part, index) => sum + (heads[index]?.length ?? 0) + sizeOf(part) + LINE_END.length, end.length)
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const [index, part] of parts.entries()) {
      yield heads[index] ?? LINE_END
      yield* contentOf(part)
      yield LINE_END
    }
    yield end
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, length, chunks: chunks() }
}

const LINE_END = Buffer.from('\r\n')

function headerOf(part: MultipartPart): string {
  const name = `Content-Disposition: form-data; name="${escapeName(part.name)}"`
  if (!('filename' in part)) return name
  return `${name}; filename="${escapeName(part.filename)}"\r\nContent-Type: application/octet-stream`
}

/** As browsers do it. Source: HTML standard, multipart/form-data encoding. */
function escapeName(text: string): string {
  return text.replace(/[\r\n"]/g, (character) => encodeURIComponent(character))
}

function sizeOf(part: MultipartPart): number {
  if ('value' in part) return Buffer.byteLength(part.value)
  return 'content' in part ? part.content.length : part.size
}

async function* contentOf(part: MultipartPart): AsyncGenerator<Uint8Array> {
  if ('value' in part) yield Buffer.from(part.value)
  else if ('content' in part) yield part.content
  else if ('path' in part) yield* ofSize(part.size, createReadStream(part.path, { highWaterMark: READ_BYTES }), part.path)
  else yield* ofSize(part.size, part.read(), part.filename)
}

async function* ofSize(size: number, chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const chunk of chunks) {
    sent += chunk.length
    if (sent > size) break
    yield chunk
  }
  if (sent !== size) throw new CliError(`Cannot send "${name}": the file changed while it was read`, { hint: 'Run the command again' })
}
