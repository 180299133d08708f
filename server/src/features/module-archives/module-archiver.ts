import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RegistryError } from '../../base/errors.ts'
import { errnoOf, storageError } from '../../base/storage/storage-error.ts'
import { WorkerPool, WorkTimeoutError } from '../../base/worker-pool.ts'
import type { CanonicaliseRequest, CanonicaliseResult, CanonicalModule } from './canonicalise-file.ts'
import {
  DEFAULT_MODULE_ARCHIVE_LIMITS,
  type ModuleArchiveLimits,
  type ModuleArchiveProblem,
  type ModuleArchiveRule,
} from './module-archive-rules.ts'

export interface ModuleArchiver {
  /**
   * Reads the `.tar.gz` or `.zip` at `inputPath` and writes the canonical archive to `outputPath`, where nothing may be; nothing is
   * there after a failure. The same files give the same bytes, whatever they were packed with. Waits while all workers are busy.
   * Aborting rejects with the signal's reason and stops the work. For `keepsFolders` and
   * `followsLinks` see {@link CanonicaliseRequest}.
   *
   * @throws {RegistryError} INVALID_MODULE_ARCHIVE, with `rule`, and `entry` (number) and `path` where one entry is at fault, in
   * `detail`; STORAGE_FULL, STORAGE_ERROR
   */
  canonicalise(inputPath: string, outputPath: string, options?: CanonicaliseOptions): Promise<CanonicalModule>
  /** Ends the workers; requests that still run or wait are rejected. */
  close(): Promise<void>
}

export interface CanonicaliseOptions extends Pick<CanonicaliseRequest, 'keepsFolders' | 'followsLinks'> {
  readonly signal?: AbortSignal
}

export interface ModuleArchiverOptions {
  /** Archives that are read at the same time; 2 by default. Workers start with the first request and then stay. */
  readonly workers?: number
  /** Longest work on one archive; 60 000 by default. */
  readonly timeoutMs?: number
  readonly limits?: Partial<ModuleArchiveLimits>
}

/** Of one worker's JavaScript; content never lies there. Lists of 10 000 entries need some 30 MB. */
const MAX_HEAP_MB = 128

/** Makes canonical archives in worker threads, so that reading hostile ones never holds up requests. */
export function createModuleArchiver({ workers = 2, timeoutMs = 60_000, limits = {} }: ModuleArchiverOptions = {}): ModuleArchiver {
  const pool = new WorkerPool<CanonicaliseRequest, CanonicaliseResult>({
    script: new URL('./module-archiver.worker.ts', import.meta.url),
    name: 'The module archiver',
    size: workers,
    timeoutMs,
    workerData: { ...DEFAULT_MODULE_ARCHIVE_LIMITS, ...limits },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
  return {
    async canonicalise(inputPath, outputPath, { signal, ...options } = {}) {
      const result = await pool.run({ inputPath, outputPath, ...options }, signal).catch(async (error) => {
        // A worker that was stopped could not clear up; what stood in its way is not its own.
        if (errnoOf(error) !== 'EEXIST') await rm(outputPath, { force: true })
        throw explainFailure(error, outputPath)
      })
      if ('accepted' in result) return result.accepted
      throw invalidArchive(result.refused)
    },
    close: () => pool.close(),
  }
}

function explainFailure(error: unknown, outputPath: string): unknown {
  if (error instanceof WorkTimeoutError) return invalidArchive({ rule: 'too_slow', text: 'takes too long to read' })
  const isSystemError = /^E(?!RR_)/.test(errnoOf(error) ?? '')
  return isSystemError ? storageError(error, { verb: 'store', key: 'module archive', root: dirname(outputPath) }) : error
}

const HINTS: Partial<Record<ModuleArchiveRule, string>> = {
  entry_type: 'Replace links by the files that they point to',
  git_folder: 'Leave ".git" out, as "git archive" does',
  no_configuration: 'Pack the folder that has the ".tf" files in it',
  not_an_archive: 'Pack the folder with "tar -czf" or "zip -r"',
  path_too_deep: 'Put it into fewer folders, or leave it out, for example by a line in .terraformignore',
  path_too_long: 'Shorten its name or those of its folders, or leave it out, for example by a line in .terraformignore',
  too_large: 'Leave out what is no part of the module, for example by lines in .terraformignore',
  too_many_entries: 'Leave out what is no part of the module, for example by lines in .terraformignore',
  several_members: 'Compress the whole tar at once',
}

function invalidArchive({ rule, index, entry, text }: ModuleArchiveProblem): RegistryError {
  const name = entry === undefined ? '' : ` "${entry}"`
  const message = index === undefined ? `Cannot accept the module archive: it ${text}` : `Entry ${index}${name}: ${text}`
  return new RegistryError('INVALID_MODULE_ARCHIVE', message, {
    hint: HINTS[rule] ?? 'Pack the folder again from plain files, for example with "git archive" or "terrace module publish"',
    detail: { ...(index !== undefined && { entry: index }), ...(entry !== undefined && { path: entry }), rule },
  })
}
