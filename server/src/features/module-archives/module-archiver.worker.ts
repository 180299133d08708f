import { parentPort, workerData } from 'node:worker_threads'
import { type CanonicaliseRequest, canonicaliseFile } from './canonicalise-file.ts'
import type { ModuleArchiveLimits } from './module-archive-rules.ts'

// One request at a time: the pool sends the next one after the answer. An unexpected error ends this thread, and the pool fails the
// one request that was running.
const limits = workerData as ModuleArchiveLimits
parentPort?.on('message', (request: CanonicaliseRequest) => {
  void canonicaliseFile(request, limits).then((result) => parentPort?.postMessage(result))
})
