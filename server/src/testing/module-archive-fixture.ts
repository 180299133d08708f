import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  type CanonicaliseRequest,
  type CanonicaliseResult,
  type CanonicalModule,
  canonicaliseFile,
} from '../features/module-archives/canonicalise-file.ts'
import {
  DEFAULT_MODULE_ARCHIVE_LIMITS,
  type ModuleArchiveLimits,
  type ModuleArchiveProblem,
} from '../features/module-archives/module-archive-rules.ts'
import { buildTar, type TarEntry, type TarOptions } from './tar-writer.ts'
import type { ZipEntry } from './zip-writer.ts'

/** Makes any archive a module. */
export const MAIN: TarEntry & ZipEntry = { name: 'main.tf', content: 'terraform {}\n', mode: 0o100644 }

/** The entries behind a `main.tf` as a `.tar.gz`. */
export const tarGz = (entries: readonly TarEntry[], options?: TarOptions): Buffer =>
  gzipSync(buildTar([{ ...MAIN, mode: 0o644 }, ...entries], options))

type Options = Pick<CanonicaliseRequest, 'keepsFolders' | 'followsLinks'>

/** A folder of one test file in which archives are made canonical; it tells whatever is written there. */
export interface ArchiveFolder {
  canonicalise(archive: Uint8Array, limits?: Partial<ModuleArchiveLimits>, options?: Options): Promise<CanonicaliseResult>
  /** The facts and the bytes of the canonical archive. @throws {Error} when the archive is refused */
  accept(
    archive: Uint8Array,
    limits?: Partial<ModuleArchiveLimits>,
    options?: Options,
  ): Promise<CanonicalModule & { readonly bytes: Buffer }>
  /** Why the archive is refused. @throws {Error} when it is accepted, or when anything is left of it */
  refuse(archive: Uint8Array, limits?: Partial<ModuleArchiveLimits>, options?: Options): Promise<ModuleArchiveProblem>
  remove(): void
}

/** The input lies three folders deep, so that what leaves its folder is seen as well. */
export function openArchiveFolder(): ArchiveFolder {
  const root = mkdtempSync(join(tmpdir(), 'module-archives-'))
  const folder = join(root, 'canary', 'below')
  mkdirSync(folder, { recursive: true })
  const [inputPath, outputPath] = [join(folder, 'input'), join(folder, 'output')]
  const canonicalise: ArchiveFolder['canonicalise'] = (archive, limits, options) => {
    writeFileSync(inputPath, archive)
    rmSync(outputPath, { force: true })
    return canonicaliseFile({ inputPath, outputPath, ...options }, { ...DEFAULT_MODULE_ARCHIVE_LIMITS, ...limits })
  }
  return {
    canonicalise,
    async accept(archive, limits, options) {
      const result = await canonicalise(archive, limits, options)
      if ('refused' in result) throw new Error(`Refused: ${JSON.stringify(result.refused)}`)
      return { ...result.accepted, bytes: readFileSync(outputPath) }
    },
    async refuse(archive, limits, options) {
      const result = await canonicalise(archive, limits, options)
      if ('accepted' in result) throw new Error(`Accepted: ${JSON.stringify(result.accepted)}`)
      const found = readdirSync(root, { recursive: true }).map(String).sort()
      const expected = ['canary', join('canary', 'below'), join('canary', 'below', 'input')]
      if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`Left behind: ${found.join(', ')}`)
      if (existsSync(ABSOLUTE_TARGET)) throw new Error(`Written outside: ${ABSOLUTE_TARGET}`)
      return result.refused
    },
    remove: () => rmSync(root, { recursive: true }),
  }
}

/** Where the absolute names of hostile archives lead. */
export const ABSOLUTE_TARGET = join(tmpdir(), 'terrace-module-archive-escaped.tf')

/** Paths, modes and contents of a canonical archive whose paths need no PAX header. */
export function listCanonical(archive: Buffer): { path: string; mode: string; content: string }[] {
  const tar = gunzipSync(archive)
  const files: { path: string; mode: string; content: string }[] = []
  for (let position = 0; tar[position] !== 0; ) {
    const field = (start: number, length: number): string =>
      tar.toString('utf8', position + start, position + start + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(field(124, 12), 8)
    files.push({ path: field(0, 100), mode: field(100, 8), content: tar.toString('utf8', position + 512, position + 512 + size) })
    position += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
