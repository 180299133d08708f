import { RegistryError } from '../../base/errors.ts'
import { WorkerPool } from '../../base/worker-pool.ts'
import type { InspectedPackage, Inspection, PackageFile } from './inspect-package-file.ts'
import { DEFAULT_PACKAGE_LIMITS, type PackageLimits, type PackageProblem, type PackageRule } from './package-rules.ts'

export interface InspectOptions extends Omit<PackageFile, 'path'> {
  /** Named in the message; `terraform-provider-TYPE` by default, as the path is often a temporary one. */
  readonly filename?: string
}

export interface PackageInspector {
  /**
   * Checks the package file and hashes it. Waits while all workers are busy; requests begin in the order in which they came.
   * Aborting rejects with the signal's reason and stops the work at once. A worker that dies fails only its own request.
   *
   * @throws {RegistryError} INVALID_PACKAGE; `detail.problems` lists `rule`, `entry` and `text` of at most 20 broken rules.
   */
  inspect(path: string, options: InspectOptions, signal?: AbortSignal): Promise<InspectedPackage>
  /** Ends the workers; requests that still run or wait are rejected. */
  close(): Promise<void>
}

export interface PackageInspectorOptions extends Partial<PackageLimits> {
  /** Packages inspected at the same time; 2 by default. Workers start with the first request and then stay. */
  readonly workers?: number
}

const HINTS: Partial<Record<PackageRule, string>> = {
  binary_name: 'Put the provider binary at the root of the zip',
  binary_mode: 'Give the binary the mode 0755 before it is zipped; zips made by Windows itself carry no modes, GoReleaser sets them',
  folder_entry: 'Build the zip without folder entries, for example with "zip -D"',
}

/** Inspects packages in worker threads, so that hashing never holds up requests. */
export function createPackageInspector(options: PackageInspectorOptions = {}): PackageInspector {
  const { workers = 2, ...limits } = options
  const pool = new WorkerPool<PackageFile, Inspection>({
    script: new URL('./package-inspector.worker.ts', import.meta.url),
    name: 'The package inspector',
    size: workers,
    workerData: { ...DEFAULT_PACKAGE_LIMITS, ...limits },
  })
  return {
    async inspect(path, { filename, ...file }, signal) {
      const inspection = await pool.run({ path, ...file }, signal)
      if ('accepted' in inspection) return inspection.accepted
      throw invalidPackage(filename ?? `terraform-provider-${file.type}`, inspection.refused)
    },
    close: () => pool.close(),
  }
}

function invalidPackage(filename: string, problems: readonly PackageProblem[]): RegistryError {
  const [first] = problems
  if (first === undefined) throw new TypeError('A refused package must have a problem')
  const subject = first.entry === undefined ? 'it' : `the entry "${first.entry}"`
  return new RegistryError('INVALID_PACKAGE', `Cannot accept the package "${filename}": ${subject} ${first.text}`, {
    hint: HINTS[first.rule] ?? 'Build the zip again from regular files, for example with "zip -X -D"',
    detail: { problems: problems.slice(0, 20) },
  })
}
