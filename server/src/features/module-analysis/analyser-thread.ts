import { Worker } from 'node:worker_threads'
import type { WorkerReply, WorkerRequest } from './module-analyser.worker.ts'
import type { ModuleAnalysis } from './module-analysis.ts'

export interface ThreadLimits {
  /** Longest parse of one file. */
  readonly fileTimeoutMs: number
  /** Longest wait for anything else, such as reading the archive. */
  readonly stepTimeoutMs: number
  /** Most memory of the parser, and as much again for the rest of the thread. */
  readonly memoryMb: number
}

/** An attempt that did not end by itself. The thread is gone. */
export interface FailedAttempt {
  /** The file that was being parsed; undefined when it was something else. */
  readonly file: string | undefined
  /** A sentence for people, without full stop. */
  readonly reason: string
}

/** Loading the parser takes 0.2 s, far longer on a busy machine; only a stuck start reaches this. */
const START_TIMEOUT_MS = 60_000
const TOO_SLOW = 'takes too much time or memory'

/** One thread that analyses. After a failed attempt it is ended, and the next request starts a new one. */
export class AnalyserThread {
  #worker: Worker | undefined
  readonly #limits: ThreadLimits

  constructor(limits: ThreadLimits) {
    this.#limits = limits
  }

  /**
   * One attempt.
   * @throws when the archive cannot be read, or with the signal's reason
   */
  async run(request: WorkerRequest, signal: AbortSignal | undefined): Promise<ModuleAnalysis | FailedAttempt> {
    signal?.throwIfAborted()
    const worker = this.#worker ?? this.#start()
    worker.ref()
    const attempt = new Attempt(worker, this.#limits)
    const onAbort = (): void => attempt.fail(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await attempt.run(request)
      if ('reason' in result) await this.close()
      else worker.unref()
      return result
    } catch (error) {
      // An archive that cannot be read is no fault of the thread.
      if (signal?.aborted === true) await this.close()
      else worker.unref()
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): Worker {
    const { memoryMb } = this.#limits
    // The thread sees no environment: settings and secrets are none of its business.
    const worker = new Worker(new URL('./module-analyser.worker.ts', import.meta.url), {
      workerData: { parserMemoryBytes: memoryMb * 1_048_576 },
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    // The parser's runtime prints its crash reports; the failure itself arrives as a message or as the end of the thread.
    worker.stdout.resume()
    worker.stderr.resume()
    // Whoever waits hears of an error; one that comes while nobody waits, or while the thread is being ended, matters to nobody.
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    this.#worker = worker
    return worker
  }
}

/** Waits for one answer of the worker, and no longer than each step may take. */
class Attempt {
  readonly #worker: Worker
  readonly #limits: ThreadLimits
  readonly #end = Promise.withResolvers<ModuleAnalysis | FailedAttempt>()
  #timer: NodeJS.Timeout | undefined
  #file: string | undefined

  constructor(worker: Worker, limits: ThreadLimits) {
    this.#worker = worker
    this.#limits = limits
  }

  fail(error: unknown): void {
    this.#end.reject(error)
  }

  async run(request: WorkerRequest): Promise<ModuleAnalysis | FailedAttempt> {
    const onMessage = (reply: WorkerReply): void => this.#hear(reply)
    const onEnd = (): void => this.#giveUp(TOO_SLOW)
    this.#worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd)
    this.#expect(START_TIMEOUT_MS)
    this.#worker.postMessage(request)
    try {
      return await this.#end.promise
    } finally {
      clearTimeout(this.#timer)
      this.#worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd)
    }
  }

  #hear(reply: WorkerReply): void {
    if ('analysis' in reply) this.#end.resolve(reply.analysis)
    else if ('failure' in reply) this.#end.reject(reply.failure)
    else if ('broken' in reply) this.#giveUp(reply.broken)
    else {
      this.#file = 'file' in reply ? reply.file : undefined
      this.#expect(this.#file === undefined ? this.#limits.stepTimeoutMs : this.#limits.fileTimeoutMs)
    }
  }

  #giveUp(reason: string): void {
    this.#end.resolve({ file: this.#file, reason })
  }

  #expect(timeoutMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#giveUp(TOO_SLOW), timeoutMs)
  }
}
