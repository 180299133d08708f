import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { ArchiveRefused } from '../../base/archives/archive-refused.ts'
import { FileCursor } from '../../base/archives/file-cursor.ts'
import { walkZipEntries } from '../../base/archives/walk-zip-entries.ts'
import { type DirectoryEntry, readZipDirectory, type ZipDirectory } from '../../base/archives/zip-directory.ts'
import { checkEntries } from './check-entries.ts'
import { findBinary } from './find-binary.ts'
import { packageH1 } from './package-h1.ts'
import { type PackageLimits, type PackageProblem, refuses, type Strictness } from './package-rules.ts'

export interface PackageFile extends Strictness {
  readonly path: string
  /** Provider type: the binary must be named after it. */
  readonly type: string
  /** `zh:` hash of the file when the caller has computed it; saves a second hashing. Taken as it is, not checked. */
  readonly zh?: string
}

/** What a well-formed package holds. */
export interface InspectedPackage {
  /** Over the zip, folder entries included. */
  readonly h1: string
  /** SHA-256 of the zip, `zh:` and lower-case hex. */
  readonly zh: string
  /** Bytes of the zip. */
  readonly size: number
  /** Name of the provider binary at the root of the zip. */
  readonly binaryName: string
  /** Entries of the zip, folder entries included. */
  readonly entries: number
  /** Lesser rules that a mirrored package breaks; empty when `strict`. */
  readonly problems: readonly PackageProblem[]
}

/** Either the facts of an acceptable package or, never empty, the rules that refuse it. */
export type Inspection = { readonly accepted: InspectedPackage } | { readonly refused: readonly PackageProblem[] }

/**
 * Reads a package in one pass and checks it against the rules. Nothing is unpacked to disk; memory stays at a few buffers
 * whatever the size. Content is inflated only when the directory breaks no refusing rule, so a bomb costs nothing.
 */
export async function inspectPackageFile(file: PackageFile, limits: PackageLimits): Promise<Inspection> {
  const fd = openSync(file.path, 'r')
  try {
    return await inspectOpenFile(fd, file, limits)
  } catch (error) {
    if (error instanceof ArchiveRefused) return { refused: [error.problem] }
    throw error
  } finally {
    closeSync(fd)
  }
}

async function inspectOpenFile(fd: number, file: PackageFile, limits: PackageLimits): Promise<Inspection> {
  const { size } = fstatSync(fd)
  const directory = readZipDirectory({ fd, size }, limits)
  const binary = findBinary(directory.entries, file.type)
  const early = [...checkEntries(directory, limits), ...binary.problems]
  const refusedEarly = early.filter(({ rule }) => refuses(rule, file))
  if (refusedEarly.length > 0) return { refused: refusedEarly }

  const cursor = new FileCursor(fd, { hashing: file.zh === undefined })
  const walked = await digestEntries(cursor, directory)
  cursor.skipTo(size)
  const refused = walked.problems.filter(({ rule }) => refuses(rule, file))
  if (refused.length > 0) return { refused }
  const accepted = {
    h1: packageH1(walked.digests),
    zh: file.zh ?? `zh:${cursor.digest()}`,
    size,
    binaryName: binary.binaryName,
    entries: directory.entries.length,
    problems: [...early, ...walked.problems],
  }
  return { accepted }
}

/** SHA-256 of the content in lower-case hex, by entry in the order of the directory, and what only a reader of local headers sees. */
async function digestEntries(cursor: FileCursor, directory: ZipDirectory) {
  const hashes = new Map(directory.entries.map((entry) => [entry, createHash('sha256')]))
  const problems = await walkZipEntries(cursor, directory, (entry) => (chunk) => hashes.get(entry)?.update(chunk))
  const digests = new Map<DirectoryEntry, string>()
  for (const [entry, hash] of hashes) digests.set(entry, hash.digest('hex'))
  return { digests, problems }
}
