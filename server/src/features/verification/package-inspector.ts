import { Worker } from 'node:worker_threads'
import { RegistryError } from '../../base/errors.ts'
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

interface Request {
  readonly file: PackageFile
  readonly resolve: (inspection: Inspection) => void
  readonly reject: (error: unknown) => void
}

const HINTS: Partial<Record<PackageRule, string>> = {
  binary_name: 'Put the provider binary at the root of the zip',
  binary_mode: 'Give the binary the mode 0755 before it is zipped; zips made by Windows itself carry no modes, GoReleaser sets them',
  folder_entry: 'Build the zip without folder entries, for example with "zip -D"',
}

/** Inspects packages in worker threads, so that hashing never holds up requests. */
export function createPackageInspector(options: PackageInspectorOptions = {}): PackageInspector {
  const { workers = 2, ...limits } = options
  const pool = new WorkerPool(workers, { ...DEFAULT_PACKAGE_LIMITS, ...limits })
  return {
    async inspect(path, { filename, ...file }, signal) {
      const inspection = await pool.run({ path, ...file }, signal)
      if ('accepted' in inspection) return inspection.accepted
      throw invalidPackage(filename ?? `terraform-provider-${file.type}`, inspection.refused)
    },
    close: () => pool.close(),
  }
}

class WorkerPool {
  readonly #size: number
  readonly #limits: PackageLimits
  readonly #idle: Worker[] = []
  readonly #running = new Map<Worker, Request>()
  readonly #waiting: Request[] = []
  #closed = false

  constructor(size: number, limits: PackageLimits) {
    this.#size = size
    this.#limits = limits
  }

  run(file: PackageFile, signal?: AbortSignal): Promise<Inspection> {
    signal?.throwIfAborted()
    if (this.#closed) return Promise.reject(new Error('The package inspector is closed'))
    return new Promise((resolve, reject) => {
      const request: Request = { file, resolve: settle(resolve), reject: settle(reject) }
      const onAbort = (): void => this.#cancel(request, signal?.reason)
      function settle<T>(finish: (value: T) => void): (value: T) => void {
        return (value) => {
          signal?.removeEventListener('abort', onAbort)
          finish(value)
        }
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(request)
      this.#dispatch()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const error = new Error('The package inspector is closed')
    for (const request of [...this.#waiting.splice(0), ...this.#running.values()]) request.reject(error)
    const workers = [...this.#idle.splice(0), ...this.#running.keys()]
    this.#running.clear()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && (this.#idle.length > 0 || this.#running.size < this.#size)) {
      const request = this.#waiting.shift()
      if (request === undefined) return
      const worker = this.#idle.pop() ?? this.#start()
      this.#running.set(worker, request)
      worker.ref()
      worker.postMessage(request.file)
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./package-inspector.worker.ts', import.meta.url), {
      workerData: this.#limits,
      // Flags of the process such as --input-type would reach the worker and stop it.
      execArgv: [],
    })
    worker.on('message', (inspection: Inspection) => this.#finish(worker, inspection))
    worker.on('error', (error) => this.#fail(worker, error))
    worker.on('exit', () => this.#fail(worker, new Error('The package inspection ended unexpectedly')))
    return worker
  }

  #finish(worker: Worker, inspection: Inspection): void {
    const request = this.#running.get(worker)
    if (request === undefined) return
    this.#running.delete(worker)
    // An idle worker must not keep a finished process alive.
    worker.unref()
    this.#idle.push(worker)
    request.resolve(inspection)
    this.#dispatch()
  }

  #fail(worker: Worker, error: unknown): void {
    const index = this.#idle.indexOf(worker)
    if (index >= 0) this.#idle.splice(index, 1)
    const request = this.#running.get(worker)
    this.#running.delete(worker)
    request?.reject(error)
    if (!this.#closed) this.#dispatch()
  }

  #cancel(request: Request, reason: unknown): void {
    const index = this.#waiting.indexOf(request)
    if (index >= 0) this.#waiting.splice(index, 1)
    request.reject(reason)
    for (const [worker, running] of this.#running) {
      if (running !== request) continue
      this.#running.delete(worker)
      void worker.terminate()
    }
    this.#dispatch()
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
