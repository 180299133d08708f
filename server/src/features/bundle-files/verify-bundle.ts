import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { BundleManifest, BundleObject } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { manifestFilename, partFilename } from '@terrace/protocol/bundle/bundle-paths.ts'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import { digestContent } from './content-digest.ts'
import { checkContents, statedContents } from './module-contents.ts'
import { openManifest, type SignedManifest } from './open-manifest.ts'
import type { PinnedKey } from './pinned-key.ts'
import { type ObjectSink, readPart } from './read-part.ts'
import { checkSignedLists, isSignedListPath, MAX_DOCUMENT_BYTES } from './signed-lists.ts'

/** A hundred thousand objects make 30 MB. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024
const MAX_SIGNATURE_BYTES = 64 * 1024
const READ_BYTES = 256 * 1024

/** Something that is not as the manifest says. */
export interface BundleProblem {
  /** Name of the file, or the version of a provider or module that is meant. */
  readonly file: string
  /** Path in the part, when one object is meant. */
  readonly object: string | undefined
  /** A phrase for people. */
  readonly state: string
}

/** What was found. */
export interface BundleReport {
  readonly signed: SignedManifest
  /** Objects that were read, and their bytes. */
  readonly objects: number
  readonly bytes: number
  /** Objects that only the earlier bundle has. */
  readonly elsewhere: number
  /** Empty: the bundle is whole and unchanged. */
  readonly problems: readonly BundleProblem[]
}

/** Which bundle, and how to judge it. */
export interface VerifyInput {
  /** Its manifest; everything else lies beside. */
  readonly manifestPath: string
  readonly pinned: PinnedKey | undefined
  readonly now: UnixMs
  /** Told how many bytes of parts were read since the last time, and how many there are. */
  readonly onBytes?: (count: number, total: number) => void
}

/**
 * Reads a whole bundle and tells everything that is wrong with it. Memory does not grow with its size.
 * @throws {RegistryError} INVALID_BUNDLE, INVALID_SIGNATURE when the manifest cannot be trusted: nothing else was looked at then.
 */
export async function verifyBundle(input: VerifyInput): Promise<BundleReport> {
  const folder = dirname(input.manifestPath)
  const text = await readBounded(input.manifestPath, MAX_MANIFEST_BYTES)
  const signature = await readBounded(`${input.manifestPath}.sig`, MAX_SIGNATURE_BYTES)
  const signed = await openManifest({ text, signature, pinned: input.pinned, now: input.now })
  const { manifest } = signed
  const documents = new Map<string, Uint8Array>()
  const stated = statedContents(manifest)
  const contents = new Map<string, string | undefined>()
  const sinkOf = (object: BundleObject) =>
    stated.has(object.path) ? digestContent((digest) => contents.set(object.path, digest)) : collector(object, documents)
  const problems: BundleProblem[] = [...(await checkNames(folder, basename(input.manifestPath), manifest))]
  const byPart = Map.groupBy(manifest.objects, ({ part }) => part)
  for (const { number } of manifest.parts) {
    problems.push(...(await verifyPart(input, { folder, manifest, number, objects: byPart.get(number) ?? [], sinkOf })))
  }
  const chain = await checkSignedLists({ manifest, documents, now: input.now })
  problems.push(...[...chain, ...checkContents(stated, contents)].map(({ object, state }) => ({ file: object, object: undefined, state })))
  const here = manifest.objects.filter(({ part }) => part !== null)
  return {
    signed,
    objects: here.length,
    bytes: here.reduce((sum, { size }) => sum + size, 0),
    elsewhere: manifest.objects.length - here.length,
    problems,
  }
}

/** Files beside the manifest that look like parts of it and are none. */
async function checkNames(folder: string, manifestFile: string, { name, parts }: BundleManifest): Promise<BundleProblem[]> {
  const own = new Set(parts.map(({ number }) => partFilename(name, number)))
  const beside = (await readdir(folder)).filter((file) => file.startsWith(`${name}.tfbundle.`) && !own.has(file)).sort()
  const extra = beside.map((file) => ({ file, object: undefined, state: 'the manifest does not list it' }))
  if (manifestFile === manifestFilename(name)) return extra
  return [{ file: manifestFile, object: undefined, state: `it is the manifest of "${name}" under another name` }, ...extra]
}

interface Part {
  readonly folder: string
  readonly manifest: BundleManifest
  readonly number: number
  readonly objects: readonly BundleObject[]
  readonly sinkOf: (object: BundleObject) => ObjectSink | undefined
}

async function verifyPart({ onBytes }: VerifyInput, { folder, manifest, number, objects, sinkOf }: Part): Promise<BundleProblem[]> {
  const file = partFilename(manifest.name, number)
  const total = manifest.parts.reduce((sum, { size }) => sum + size, 0)
  const handle = await openRegular(join(folder, file))
  if (typeof handle === 'string') return [{ file, object: undefined, state: handle }]
  try {
    const chunks = handle.createReadStream({ highWaterMark: READ_BYTES, autoClose: false })
    const problems = await readPart(
      counted(chunks, (count) => onBytes?.(count, total)),
      objects,
      sinkOf,
    )
    return problems.map((problem) => ({ file, ...problem }))
  } finally {
    await handle.close()
  }
}

/** The open file, or why there is none. */
async function openRegular(path: string) {
  try {
    const handle = await open(path)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    return 'it is no file'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code === 'ENOENT' ? 'it is missing' : `it cannot be read (${code})`
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onBytes: (count: number) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk
    onBytes(chunk.length)
  }
}

/** Keeps the small documents that the signatures are about. */
function collector({ path, size }: BundleObject, documents: Map<string, Uint8Array>): ObjectSink | undefined {
  if (!isSignedListPath(path) || size > MAX_DOCUMENT_BYTES) return undefined
  const pieces: Uint8Array[] = []
  return {
    write: (chunk) => void pieces.push(Uint8Array.from(chunk)),
    end: (intact) => {
      if (intact) documents.set(path, Buffer.concat(pieces))
    },
  }
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await openRegular(path)
  if (typeof handle === 'string') throw cannotRead(path, handle)
  try {
    const { size } = await handle.stat()
    if (size > maxBytes) throw cannotRead(path, `it has ${size} bytes, and the limit is ${maxBytes}`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function cannotRead(path: string, state: string): RegistryError {
  return new RegistryError('INVALID_BUNDLE', `Cannot verify "${path}": ${state}`, {
    hint: 'Name the file NAME.manifest.json; NAME.manifest.json.sig and the parts lie beside it',
  })
}
