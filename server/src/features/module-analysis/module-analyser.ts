import { AnalyserThread } from './analyser-thread.ts'
import { emptyPart, type ModuleAnalysis } from './module-analysis.ts'

export interface ModuleAnalyserOptions {
  /** After so long no further file of a module is begun; 10 000 by default. */
  readonly timeoutMs?: number
  /** Longest parse of one file; 3 000 by default. */
  readonly fileTimeoutMs?: number
  /** Memory of the parser, and as much again for the thread around it; 128 by default. */
  readonly memoryMb?: number
}

export interface ModuleAnalyser {
  /**
   * Reads a canonical module archive. What cannot be read is a problem in the result, never a failure; so is a file whose parse takes
   * more time or memory than it is given. Requests wait for each other. Aborting rejects with the signal's reason and stops the work.
   * @throws {Error} when the file is not there or not such an archive
   */
  analyse(archivePath: string, signal?: AbortSignal): Promise<ModuleAnalysis>
  /** Ends the thread; requests that still run or wait are rejected. */
  close(): Promise<void>
}

/** Analyses modules in a thread that starts with the first request and ends when it has been idle for half a minute. */
export function createModuleAnalyser(options: ModuleAnalyserOptions = {}): ModuleAnalyser {
  const { timeoutMs = 10_000, fileTimeoutMs = 3000, memoryMb = 128 } = options
  const thread = new AnalyserThread({ fileTimeoutMs, stepTimeoutMs: timeoutMs, memoryMb })
  const closing = new AbortController()
  let turn: Promise<unknown> = Promise.resolve()
  let idleTimer: NodeJS.Timeout | undefined
  const rest = (): void => {
    clearTimeout(idleTimer)
    idleTimer = setTimeout(() => void thread.close(), IDLE_MS).unref()
  }
  return {
    analyse(archivePath, signal) {
      const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      const analysis = turn.then(() => {
        clearTimeout(idleTimer)
        return analyseInAttempts(thread, { archivePath, timeoutMs, signal: stop })
      })
      turn = analysis.catch(() => undefined).then(rest)
      return untilAborted(analysis, stop)
    },
    async close() {
      closing.abort(new Error('The module analyser is closed'))
      await turn
      clearTimeout(idleTimer)
      await thread.close()
    },
  }
}

/** The thread and its parser hold some 100 MB; a server to which nothing is published shall not keep them. */
const IDLE_MS = 30_000

interface AnalysisRequest {
  readonly archivePath: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A file that ends the thread is left out of the next attempt. Each attempt has what is left of the time, so there is a last one. */
async function analyseInAttempts(thread: AnalyserThread, { archivePath, timeoutMs, signal }: AnalysisRequest): Promise<ModuleAnalysis> {
  const skip = new Map<string, string>()
  const started = performance.now()
  for (;;) {
    const parseBudgetMs = Math.max(0, timeoutMs - (performance.now() - started))
    const result = await thread.run({ archivePath, skip, parseBudgetMs }, signal)
    if (!('reason' in result)) return result
    if (result.file === undefined) return unreadable(`The module is not read, it ${result.reason}`)
    skip.set(result.file, `The file is not read, it ${result.reason}`)
  }
}

function unreadable(message: string): ModuleAnalysis {
  return { root: emptyPart(''), submodules: [], examples: [], problems: [{ path: '', message }] }
}

/** Who has given up does not wait for the turn of the request. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  return promise
}
