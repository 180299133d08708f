import { parentPort, workerData } from 'node:worker_threads'
import { inspectPackageFile, type PackageFile } from './inspect-package-file.ts'
import type { PackageLimits } from './package-rules.ts'

// One request at a time: the pool sends the next file after the answer. An unexpected error ends this thread, and the pool
// fails the one request that was running.
const limits = workerData as PackageLimits
parentPort?.on('message', (file: PackageFile) => {
  void inspectPackageFile(file, limits).then((inspection) => parentPort?.postMessage(inspection))
})
