import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CliError, usageError } from '../cli-error.ts'
import { describeFileError } from '../input/read-input.ts'

/** A package of the release; its bytes stay on disk. */
export interface ReleasePackage {
  /** `linux_amd64` */
  readonly platform: string
  readonly filename: string
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** A small file of the release. */
export interface ReleaseDocument {
  readonly filename: string
  readonly content: Buffer
}

/** One version of one provider, as release tools leave it in a folder. */
export interface Release {
  readonly type: string
  readonly version: string
  /** Sorted by platform; at least one. */
  readonly packages: readonly ReleasePackage[]
  readonly shasums: ReleaseDocument | undefined
  /** Present only together with `shasums`. */
  readonly signature: ReleaseDocument | undefined
  readonly manifest: ReleaseDocument | undefined
}

const PACKAGE_NAME =
  /^terraform-provider-(?<type>[a-z0-9][a-z0-9-]*)_(?<version>[0-9][0-9A-Za-z.+-]*)_(?<platform>[a-z0-9]+_[a-z0-9]+)\.zip$/

interface FoundPackage {
  readonly type: string
  readonly version: string
  readonly platform: string
  readonly filename: string
}

/**
 * Reads GoReleaser's `dist/`: type, version and platforms come from the names of the zips; `metadata.json` decides when zips of
 * another version are left in the folder.
 *
 * @throws {CliError} exit code 2 for a folder that cannot be read, 1 for one that is no release.
 */
export async function readReleaseFolder(folder: string): Promise<Release> {
  const names = await listNames(folder)
  const found = names.flatMap((filename) => {
    const { type, version, platform } = PACKAGE_NAME.exec(filename)?.groups ?? {}
    return type === undefined || version === undefined || platform === undefined ? [] : [{ type, version, platform, filename }]
  })
  const { type, version } = await chooseVersion(folder, found)
  const packages = found.filter((one) => one.type === type && one.version === version)
  const prefix = `terraform-provider-${type}_${version}`
  const [shasums, signature, manifest] = await Promise.all([
    readDocument(folder, `${prefix}_SHA256SUMS`),
    readDocument(folder, `${prefix}_SHA256SUMS.sig`),
    readManifest(folder, prefix),
  ])
  checkShasums({ folder, shasums, signature, packages })
  return { type, version, packages: await measure(folder, packages), shasums, signature, manifest }
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    throw usageError(`Cannot read folder "${folder}": ${describeFileError(error as NodeJS.ErrnoException)}`)
  }
}

async function chooseVersion(folder: string, found: readonly FoundPackage[]): Promise<{ type: string; version: string }> {
  const [first, ...rest] = found
  if (first === undefined) {
    throw new CliError(`Cannot publish "${folder}": there is no terraform-provider-TYPE_VERSION_OS_ARCH.zip in it`, {
      hint: 'Name the folder that GoReleaser has written, usually dist',
    })
  }
  const isOther = (one: FoundPackage): boolean => one.type !== first.type || one.version !== first.version
  if (!rest.some(isOther)) return first
  const named = await readMetadata(folder)
  const meant = found.find(({ type, version }) => version === named.version && `terraform-provider-${type}` === named.project_name)
  if (meant !== undefined) return meant
  const all = [...new Set(found.map(({ type, version }) => `${type} ${version}`))]
  throw new CliError(`Cannot publish "${folder}": it holds several versions: ${all.join(', ')}`, {
    hint: 'Empty the folder before the release: goreleaser release --clean',
  })
}

/** GoReleaser's own account of the release; nothing when there is none. */
async function readMetadata(folder: string): Promise<{ project_name?: unknown; version?: unknown }> {
  const document = await readDocument(folder, 'metadata.json')
  if (document === undefined) return {}
  try {
    return (JSON.parse(document.content.toString('utf8')) as object | null) ?? {}
  } catch {
    return {}
  }
}

async function readDocument(folder: string, filename: string): Promise<ReleaseDocument | undefined> {
  try {
    return { filename, content: await readFile(join(folder, filename)) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw usageError(`Cannot read "${join(folder, filename)}": ${describeFileError(error as NodeJS.ErrnoException)}`)
  }
}

/** Under its released name, or as it lies in the repository: in the folder itself or beside it. */
async function readManifest(folder: string, prefix: string): Promise<ReleaseDocument | undefined> {
  const parent = dirname(resolve(folder))
  return (
    (await readDocument(folder, `${prefix}_manifest.json`)) ??
    (await readDocument(folder, 'terraform-registry-manifest.json')) ??
    (await readDocument(parent, 'terraform-registry-manifest.json'))
  )
}

interface ShasumsCheck extends Pick<Release, 'shasums' | 'signature'> {
  readonly folder: string
  readonly packages: readonly FoundPackage[]
}

/** Finds before anything is sent what the server would refuse afterwards. */
function checkShasums({ folder, shasums, signature, packages }: ShasumsCheck): void {
  if (shasums === undefined) {
    if (signature === undefined) return
    throw new CliError(`Cannot publish "${folder}": there is a signature, but no SHA256SUMS that it belongs to`)
  }
  const listed = new Set(
    shasums.content
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+\*?/)[1]),
  )
  const missing = packages.filter(({ filename }) => !listed.has(filename))
  if (missing.length === 0) return
  throw new CliError(
    `Cannot publish "${folder}": ${shasums.filename} has no line for ${missing.map(({ filename }) => filename).join(', ')}`,
    {
      hint: 'Remove zips that are not part of the release, or make the release again',
    },
  )
}

function measure(folder: string, packages: readonly FoundPackage[]): Promise<ReleasePackage[]> {
  return Promise.all(
    packages
      .toSorted((a, b) => (a.platform < b.platform ? -1 : 1))
      .map(async ({ platform, filename }) => {
        const path = join(folder, filename)
        return { platform, filename, path, size: (await stat(path)).size }
      }),
  )
}
