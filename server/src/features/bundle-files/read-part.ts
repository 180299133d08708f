import { createHash } from 'node:crypto'
import type { BundleObject } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { paddingAfter, TAR_END } from '@terrace/protocol/tar-headers.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'

/** Takes the content of one object. */
export interface ObjectSink {
  /** The chunk is the sink's only until it answers. */
  write(chunk: Uint8Array): void | Promise<void>
  /** @param intact the object is whole and has its digest; otherwise everything that was written must be thrown away. */
  end(intact: boolean): void | Promise<void>
}

/** Something in a part that does not follow from the manifest. */
export interface PartProblem {
  /** Path of the object; `undefined` when the part as a whole is meant. */
  readonly object: string | undefined
  /** A phrase that goes on from the name of the file: `it ends after 100 of 200 bytes`. */
  readonly state: string
}

/**
 * Reads a part from its first byte to its last and compares each with what the manifest says. Goes on behind a damaged object, so that
 * all problems are known after one reading.
 *
 * @param objects those of the part, in the order of the manifest.
 * @param sinkOf who wants the content of an object; `undefined` for nobody.
 */
export async function readPart(
  chunks: AsyncIterable<Uint8Array>,
  objects: readonly BundleObject[],
  sinkOf: (object: BundleObject) => ObjectSink | undefined = () => undefined,
): Promise<PartProblem[]> {
  const reader = createByteReader(chunks)
  const problems: PartProblem[] = []
  for (const object of objects) {
    const states = await readObject(reader, object, sinkOf(object))
    problems.push(...states.map((state) => ({ object: object.path, state })))
    if (states.includes(TRUNCATED)) return problems
  }
  const end = await reader.read(TAR_END.length)
  if (!equal(end, TAR_END)) problems.push({ object: undefined, state: end.length < TAR_END.length ? TRUNCATED : 'its end is not empty' })
  const more = await reader.drain()
  if (more > 0) problems.push({ object: undefined, state: `it has ${more} bytes too many` })
  return problems
}

const TRUNCATED = 'the part ends too early'

async function readObject(reader: ByteReader, object: BundleObject, sink: ObjectSink | undefined): Promise<string[]> {
  const states: string[] = []
  const expected = objectHeaders(object)
  const headers = await reader.read(expected.length)
  const hash = createHash('sha256')
  const size = await reader.pass(object.size, async (chunk) => {
    hash.update(chunk)
    await sink?.write(chunk)
  })
  const found = hash.digest('hex')
  const padding = await reader.read(paddingAfter(object.size).length)
  const isWhole = headers.length === expected.length && size === object.size && padding.length === paddingAfter(object.size).length
  if (isWhole && !equal(headers, expected)) states.push(describeHeaders(headers))
  if (isWhole && found !== object.sha256) states.push(`its SHA-256 is ${found}, not ${object.sha256}`)
  if (isWhole && !padding.every((byte) => byte === 0)) states.push('what fills it up is not empty')
  if (!isWhole) states.push(TRUNCATED)
  await sink?.end(states.length === 0)
  return states
}

const KINDS: Readonly<Record<string, string>> = { '1': 'a link', '2': 'a symbolic link', '5': 'a folder', x: 'a long name', g: 'settings' }

/** What stands there instead, for people; nothing of it is used. */
function describeHeaders(headers: Uint8Array): string {
  const text = (start: number, length: number) =>
    Buffer.from(headers.subarray(start, start + length))
      .toString('latin1')
      .replace(/\0.*$/s, '')
  const kind = KINDS[text(156, 1)] ?? 'an entry'
  const prefix = text(345, 155)
  return `${kind} ${quote(prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`)} is there in a form that the manifest does not give`
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
