import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { entryBytes, objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import { moduleArchivePath, packagePath, partFilename, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename, shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { verifyBundle } from '@terrace/server/features/bundle-files/index.ts'
import { CliError } from '../cli-error.ts'
import { countOf, formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { printable } from '../output/printable.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { type ImportSource, moduleFileKey, providerFileKey, type SourceFile } from './import-source.ts'

/**
 * Reads a bundle from its first byte to its last and makes it ready to be sent: nothing of a bundle with a problem leaves this machine.
 * @throws {CliError} for everything that is wrong with it.
 */
export async function readBundle(output: Output, manifestPath: string): Promise<ImportSource> {
  const manifest = await verify(output, manifestPath)
  const [text, signature] = await Promise.all([readFile(manifestPath, 'utf8'), readFile(`${manifestPath}.sig`)])
  const files = locateFiles(dirname(manifestPath), manifest)
  return {
    name: manifest.name,
    listing: { bundle: { manifest: text, signature: signature.toString('base64') } },
    fileOf: (key) => files.get(key),
  }
}

async function verify(output: Output, manifestPath: string): Promise<BundleManifest> {
  const progress = new ProgressLine(output)
  let read = 0
  const onBytes = (count: number): void => {
    read += count
    progress.show(performance.now(), { fraction: 0, text: `${formatBytes(read)} verified` })
  }
  try {
    const { signed, problems } = await verifyBundle({ manifestPath, pinned: undefined, now: Date.now(), onBytes })
    for (const { file, object, state } of problems) {
      output.alert(printable(object === undefined ? `${file}: ${state}` : `${file}: ${object}: ${state}`))
    }
    if (problems.length > 0) throw damaged(signed.manifest.name, problems.length)
    return signed.manifest
  } catch (error) {
    throw explained(error)
  } finally {
    progress.end()
  }
}

function damaged(name: string, problems: number): CliError {
  return new CliError(`Cannot import bundle "${name}": ${countOf(problems, 'problem')}`, {
    code: 'INVALID_BUNDLE',
    hint: 'Nothing was sent. Copy the files that are named again from where the bundle was made',
  })
}

/** The failures of the code that bundles are read with have a code and a hint, as the server's have. */
function explained(error: unknown): unknown {
  if (error instanceof CliError || !(error instanceof Error) || !('code' in error) || !('hint' in error)) return error
  const { message, code, hint } = error
  return new CliError(printable(message), { code: String(code), hint: hint === undefined ? undefined : String(hint), cause: error })
}

/** Every object with its place in a part. */
function locateFiles(folder: string, manifest: BundleManifest): ReadonlyMap<string, SourceFile> {
  const places = new Map<string, SourceFile>()
  for (const { number } of manifest.parts) {
    const path = join(folder, partFilename(manifest.name, number))
    let offset = 0
    for (const object of manifest.objects.filter(({ part }) => part === number)) {
      places.set(object.path, { path, start: offset + objectHeaders(object).length, size: object.size })
      offset += entryBytes(object)
    }
  }
  return new Map(
    pathsOf(manifest).flatMap(([key, path]) => {
      const place = places.get(path)
      return place === undefined ? [] : [[key, place] as const]
    }),
  )
}

function pathsOf({ providers, modules }: BundleManifest): [key: string, path: string][] {
  const ofProviders = providers.flatMap((provider) => provider.versions.flatMap((version) => pathsOfVersion(provider, version)))
  const ofModules = modules.flatMap((module) =>
    module.versions.map(({ version }): [string, string] => [moduleFileKey({ ...module, version }), moduleArchivePath(module, version)]),
  )
  return [...ofProviders, ...ofModules]
}

type Provider = BundleManifest['providers'][number]

function pathsOfVersion(provider: Provider, { version, packages }: Provider['versions'][number]): [key: string, path: string][] {
  const { type } = provider
  const keyOf = (filename: string) => providerFileKey({ ...provider, version }, filename)
  return [
    [keyOf(shasumsFilename({ type, version })), shasumsPath(provider, version)],
    [keyOf(signatureFilename({ type, version })), signaturePath(provider, version)],
    ...packages.flatMap(({ platform }): [string, string][] => {
      const parsed = parsePlatform(platform)
      if (parsed === undefined) return []
      return [[keyOf(expectedPackageFilename({ type, version, ...parsed })), packagePath(provider, version, platform)]]
    }),
  ]
}

/** The bytes of a file, or of a piece of one. */
export function readSourceFile({ path, start, size }: SourceFile): AsyncIterable<Uint8Array> {
  if (size === 0) return (async function* () {})()
  return createReadStream(path, { start, end: start + size - 1, highWaterMark: 256 * 1024 })
}
