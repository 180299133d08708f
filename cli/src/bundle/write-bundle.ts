import { readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { manifestFilename, manifestSignatureFilename, partFilename } from '@terrace/protocol/bundle/bundle-paths.ts'
import { ManifestError, parseManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { describeFileError } from '../input/read-input.ts'
import { formatBytes, formatSeconds } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { RateMeter } from '../output/rate-meter.ts'
import { syncFolder, writeDurably } from './durable-files.ts'
import { ObjectDownloads } from './object-downloads.ts'
import { writePart } from './part-file.ts'
import type { PlannedBundle } from './plan-bundle.ts'

/** What became of a bundle. */
export interface WrittenBundle {
  /** Names, in the folder. */
  readonly files: readonly string[]
  readonly downloadedBytes: number
  readonly keptBytes: number
}

/** Where a bundle is written to. */
export interface WriteTarget {
  /** Absolute; it is there. */
  readonly folder: string
  /** Another bundle of this name may be replaced. */
  readonly overwrite: boolean
}

/**
 * Writes the files of a bundle. What is there of it already is kept. The manifest comes last, when all else is on the disk, so that a
 * folder with a manifest has the whole bundle, also after a loss of power.
 * @throws {CliError} exit code 5 when another bundle has the name.
 */
export async function writeBundle(
  { api, output }: { readonly api: Api; readonly output: Output },
  plan: PlannedBundle,
  target: WriteTarget,
): Promise<WrittenBundle> {
  const { manifest } = plan
  const { name, parts } = manifest
  const { folder } = target
  const isThere = await refuseOther(plan, target)
  await onDisk(folder, () => removeManifest(folder, name))
  const tally = new Tally(output, manifest)
  const downloads = new ObjectDownloads(
    api,
    manifest.objects.filter(({ part }) => part !== null),
  )
  await requireSpace(folder, manifest)
  for (const { number } of parts) await writeOne({ folder, manifest, number, downloads, tally })
  tally.end()
  await removeOthers(folder, manifest)
  await onDisk(folder, () => syncFolder(folder))
  await onDisk(folder, () => writeDurably(join(folder, manifestSignatureFilename(name)), isThere?.signature ?? plan.signature))
  await onDisk(folder, () => writeDurably(join(folder, manifestFilename(name)), isThere?.text ?? plan.text))
  const files = [manifestFilename(name), manifestSignatureFilename(name), ...parts.map(({ number }) => partFilename(name, number))]
  return { files, downloadedBytes: tally.downloaded, keptBytes: tally.kept }
}

/** Before a part is touched: a manifest that came back after a loss of power would stand for parts that are not whole. */
async function removeManifest(folder: string, name: string): Promise<void> {
  await rm(join(folder, manifestFilename(name)), { force: true })
  await syncFolder(folder)
}

/** The manifest that is there when it is of the same bundle: it says who made it and when, and stays. */
async function refuseOther({ manifest }: PlannedBundle, { folder, overwrite }: WriteTarget) {
  const path = join(folder, manifestFilename(manifest.name))
  const text = await readIfThere(path)
  const signature = await readIfThere(join(folder, manifestSignatureFilename(manifest.name)))
  if (text === undefined || signature === undefined) return undefined
  const other = parseOther(text)
  if (other !== undefined && sameContent(other, manifest)) return (await isSigned(text, signature)) ? { text, signature } : undefined
  if (overwrite) return undefined
  throw new CliError(`Cannot create bundle "${manifest.name}": another bundle of this name is in the folder`, {
    exitCode: EXIT.conflict,
    hint: 'Choose another name or folder, or replace it with --overwrite',
  })
}

function parseOther(text: Buffer): BundleManifest | undefined {
  try {
    return parseManifest(text.toString('utf8'))
  } catch (error) {
    if (error instanceof ManifestError) return undefined
    throw error
  }
}

/** A damaged signature is replaced like a damaged part. */
async function isSigned(text: Buffer, signature: Buffer): Promise<boolean> {
  const { BundleError, openManifest } = await import('@terrace/server/features/bundle-files/index.ts')
  try {
    await openManifest({ text, signature, pinned: undefined, now: Date.now() })
    return true
  } catch (error) {
    if (error instanceof BundleError) return false
    throw error
  }
}

function sameContent(a: BundleManifest, b: BundleManifest): boolean {
  const content = (manifest: BundleManifest) => JSON.stringify({ ...manifest, created_at: '' })
  return content(a) === content(b)
}

interface PartJob {
  readonly folder: string
  readonly manifest: BundleManifest
  readonly number: number
  readonly downloads: ObjectDownloads
  readonly tally: Tally
}

async function writeOne({ folder, manifest, number, downloads, tally }: PartJob): Promise<void> {
  const path = join(folder, partFilename(manifest.name, number))
  const partial = `${path}.partial`
  await onDisk(path, async () => {
    await renameIfThere(path, partial)
    await writePart({
      path: partial,
      objects: manifest.objects.filter(({ part }) => part === number),
      fetch: (object, from, write) => downloads.fetch({ object, from, write }),
      onBytes: (count, isKept) => tally.add(count, isKept),
    })
    await rename(partial, path)
  })
}

/** Parts of an earlier bundle of this name, which would be strangers in this one. */
async function removeOthers(folder: string, { name, parts }: BundleManifest): Promise<void> {
  const own = new Set(parts.map(({ number }) => partFilename(name, number)))
  const others = (await readdir(folder)).filter((file) => file.startsWith(`${name}.tfbundle.`) && !own.has(file))
  for (const file of others) await rm(join(folder, file), { force: true })
}

/** Shows how far it is. */
class Tally {
  downloaded = 0
  kept = 0
  readonly #progress: ProgressLine
  readonly #rate = new RateMeter()
  readonly #total: number

  constructor(output: Output, { objects }: BundleManifest) {
    this.#progress = new ProgressLine(output)
    this.#total = objects.reduce((sum, { size, part }) => sum + (part === null ? 0 : size), 0)
  }

  add(count: number, isKept: boolean): void {
    if (isKept) this.kept += count
    else this.downloaded += count
    const now = performance.now()
    this.#rate.add(now, this.downloaded)
    const done = this.downloaded + this.kept
    const { perSecond } = this.#rate
    const left = perSecond === 0 ? '' : `, ${formatBytes(perSecond)}/s, about ${formatSeconds((this.#total - done) / perSecond)} left`
    this.#progress.show(now, {
      fraction: done / Math.max(1, this.#total),
      text: `${formatBytes(done)} of ${formatBytes(this.#total)}${left}`,
    })
  }

  end(): void {
    this.#progress.end()
  }
}

/** Better told at once than after hours. */
async function requireSpace(folder: string, { parts, name }: BundleManifest): Promise<void> {
  const { bavail, bsize } = await onDisk(folder, () => statfs(folder))
  const there = await sizesOf(folder, name)
  const needed = parts.reduce((sum, { size }) => sum + size, 0) - there
  if (needed <= bavail * bsize) return
  throw new CliError(`Cannot create bundle "${name}": it needs ${formatBytes(needed)}, and ${formatBytes(bavail * bsize)} are free`, {
    hint: 'Choose another folder with --out',
  })
}

async function sizesOf(folder: string, name: string): Promise<number> {
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${name}.tfbundle.`))
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cannotWrite(path, error as NodeJS.ErrnoException)
  }
}

async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw cannotWrite(path, error as NodeJS.ErrnoException)
  }
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): CliError {
  const state = cause.code === 'ENOSPC' ? 'there is no space left; what is there is kept for the next time' : describeFileError(cause)
  return new CliError(`Cannot write "${path}": ${state}`, { cause })
}
