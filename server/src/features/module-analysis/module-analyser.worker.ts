/**
 * The thread that analyses archives, one after the other. It is a thread of its own because the parser can only be stopped by ending
 * the thread; the analyser does that, and this side tells at which file it is.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { confineParser } from '../../base/hcl/confine-parser.ts'
import { analyseArchive } from './analyse-archive.ts'
import type { ModuleAnalysis } from './module-analysis.ts'
import { BrokenParserError, parseConfiguration } from './parse-configuration.ts'

export interface WorkerSettings {
  /** Most memory of the parser. */
  readonly parserMemoryBytes: number
}

export interface WorkerRequest {
  readonly archivePath: string
  readonly skip: ReadonlyMap<string, string>
  readonly parseBudgetMs: number
}

/** What the thread tells: that it is ready, at which file it is (none: between files), the result, or what went wrong. */
export type WorkerReply =
  | { readonly ready: true }
  | { readonly file: string | undefined }
  | { readonly analysis: ModuleAnalysis }
  | { readonly failure: unknown }
  /** The thread can do nothing any more. */
  | { readonly broken: string }

const port = parentPort
if (port === null) throw new TypeError('This file runs as a worker thread only')

const { parserMemoryBytes } = workerData as WorkerSettings
confineParser({ maxMemoryBytes: parserMemoryBytes, onCrash: () => tell({ broken: 'takes too much memory' }) })
await parseConfiguration('empty.tf', new Uint8Array())
port.on('message', (request: WorkerRequest) => void answer(request).then((reply) => port.postMessage(reply)))
tell({ ready: true })

async function answer(request: WorkerRequest): Promise<WorkerReply> {
  tell({ file: undefined })
  try {
    return { analysis: await analyseArchive({ ...request, onFile: (file) => tell({ file }) }) }
  } catch (error) {
    return error instanceof BrokenParserError ? { broken: error.message } : { failure: error }
  }
}

function tell(reply: WorkerReply): void {
  port?.postMessage(reply)
}
