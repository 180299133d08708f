import { createHash } from 'node:crypto'
import { createReadStream, type Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { formatProviderAddress, type ProviderAddress, parseProviderPathParts } from '@terrace/protocol/addresses.ts'
import { parseHash } from '@terrace/protocol/hashes.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { CliError, usageError } from '../cli-error.ts'
import { formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { type ImportSource, providerFileKey, type SourceFile } from './import-source.ts'

type Directory = NonNullable<ImportSource['listing']['directory']>
type Version = Directory['versions'][number]
type Package = Version['packages'][number]

const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/**
 * Reads what `terraform providers mirror` has written: zips below HOST/NAMESPACE/TYPE, the documents of their hashes, and checksum lists
 * with signatures if somebody has put them beside. Every file is hashed; memory does not grow with their sizes.
 *
 * @throws {CliError} when there is nothing, when packages are unpacked, and for documents that name other files.
 */
export async function readMirrorFolder(output: Output, folder: string): Promise<ImportSource> {
  const files = new Map<string, SourceFile>()
  const progress = new ProgressLine(output)
  let read = 0
  const hash = async (path: string) => {
    const file = await hashFile(path)
    read += file.size
    progress.show(performance.now(), { fraction: 0, text: `${formatBytes(read)} read` })
    return file
  }
  try {
    const versions: Version[] = []
    for (const { address, path } of await listProviders(folder)) versions.push(...(await readProvider({ address, path, hash, files })))
    if (versions.length === 0) throw nothingThere(folder)
    return { name: basename(folder), listing: { directory: { name: basename(folder), versions } }, fileOf: (key) => files.get(key) }
  } finally {
    progress.end()
  }
}

function nothingThere(folder: string): CliError {
  return usageError(
    `Cannot import "${folder}": it has no provider packages`,
    'Name the folder that was given to "terraform providers mirror", or the NAME.manifest.json of a bundle',
  )
}

interface ProviderFolder {
  readonly address: ProviderAddress
  readonly path: string
}

async function listProviders(folder: string): Promise<ProviderFolder[]> {
  const found: ProviderFolder[] = []
  for (const hostname of await listFolders(folder)) {
    for (const namespace of await listFolders(join(folder, hostname))) {
      for (const type of await listFolders(join(folder, hostname, namespace))) {
        const address = readAddress({ hostname, namespace, type })
        if (address !== undefined) found.push({ address, path: join(folder, hostname, namespace, type) })
      }
    }
  }
  return found
}

/** Folders that are no provider's are left alone. */
function readAddress(parts: ProviderAddress): ProviderAddress | undefined {
  try {
    return parseProviderPathParts(parts)
  } catch {
    return undefined
  }
}

async function listEntries(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function listFolders(folder: string): Promise<string[]> {
  return (await listEntries(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

interface ProviderRead extends ProviderFolder {
  readonly hash: (path: string) => Promise<HashedFile>
  /** Filled. */
  readonly files: Map<string, SourceFile>
}

interface HashedFile {
  readonly size: number
  readonly sha256: string
}

async function readProvider(read: ProviderRead): Promise<Version[]> {
  const { address, path } = read
  const entries = await listEntries(path)
  refuseUnpacked(read, entries)
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  const zips = names.flatMap((name) => readPackageName(address.type, name))
  const versions: Version[] = []
  for (const [version, packages] of Map.groupBy(zips, (zip) => zip.version)) {
    const stated = await readDocument(join(path, `${version}.json`), names)
    const listed: Package[] = []
    for (const { filename, platform } of packages) {
      const file = await read.hash(join(path, filename))
      read.files.set(providerFileKey({ ...address, version }, filename), { path: join(path, filename), start: 0, size: file.size })
      listed.push({ platform, ...file, hashes: [...(stated.get(platform) ?? [])] })
    }
    versions.push({ ...address, version, ...(await readLists(read, version, names)), packages: listed })
  }
  return versions
}

/** Source: the unpacked layout of filesystem mirrors, VERSION/OS_ARCH, holds no zips, so nothing could be compared with a signed list. */
function refuseUnpacked({ address, path }: ProviderRead, entries: readonly Dirent[]): void {
  const unpacked = entries.find((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && canonicalVersion(entry.name) !== undefined)
  if (unpacked === undefined) return
  throw new CliError(`Cannot import "${join(path, unpacked.name)}": the packages of "${formatProviderAddress(address)}" are unpacked`, {
    hint: 'Only zips can be verified and served. Make the folder anew with: terraform providers mirror DIR',
  })
}

function readPackageName(type: string, filename: string): { filename: string; version: string; platform: string }[] {
  const parts = /^terraform-provider-(?<type>.+)_(?<version>[^_]+)_(?<platform>[a-z0-9]+_[a-z0-9]+)\.zip$/.exec(filename)?.groups
  if (parts?.type !== type || canonicalVersion(parts.version ?? '') !== parts.version) return []
  const { version = '', platform = '' } = parts
  return parsePlatform(platform) === undefined ? [] : [{ filename, version, platform }]
}

/** Hashes by platform that VERSION.json states, of schemes that are known; nothing when there is no such document. */
async function readDocument(path: string, names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!names.includes(basename(path))) return new Map()
  if ((await stat(path)).size > MAX_DOCUMENT_BYTES) throw unreadable(path, `it has more than ${MAX_DOCUMENT_BYTES} bytes`)
  const archives = archivesIn(path, await readFile(path, 'utf8'))
  return new Map(
    Object.entries(archives).map(([platform, archive]) => {
      const { url, hashes = [] } = (archive ?? {}) as { url?: unknown; hashes?: unknown }
      if (typeof url !== 'string' || !names.includes(url.replace(/^\.\//, '')))
        throw unreadable(path, `the zip for "${platform}" is not beside it`)
      if (!Array.isArray(hashes)) throw unreadable(path, 'its hashes are no list')
      return [platform, hashes.map(String).filter((text) => parseHash(text) !== undefined)]
    }),
  )
}

function archivesIn(path: string, text: string): object {
  try {
    const { archives } = JSON.parse(text) as { archives?: unknown }
    if (typeof archives === 'object' && archives !== null) return archives
  } catch (error) {
    throw unreadable(path, 'it is no JSON', error)
  }
  throw unreadable(path, 'it has no "archives"')
}

function unreadable(path: string, state: string, cause?: unknown): CliError {
  return new CliError(`Cannot import "${path}": ${state}`, { hint: 'The folder is not whole; copy it again from where it was made', cause })
}

/** SHA256SUMS and signature of a version, when both are there. */
async function readLists({ address, path, hash, files }: ProviderRead, version: string, names: readonly string[]) {
  const { type } = address
  const [list, signature] = [shasumsFilename({ type, version }), signatureFilename({ type, version })]
  if (!names.includes(list) || !names.includes(signature)) return {}
  const [shasums, signed] = [await hash(join(path, list)), await hash(join(path, signature))]
  for (const [filename, file] of [[list, shasums] as const, [signature, signed] as const]) {
    files.set(providerFileKey({ ...address, version }, filename), { path: join(path, filename), start: 0, size: file.size })
  }
  return { shasums, signature: signed }
}

async function hashFile(path: string): Promise<HashedFile> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
}
