import { Worker } from 'node:worker_threads'
import { HclLimitError, TOO_MUCH_MEMORY } from './hcl-errors.ts'
import type { HclReply, HclSettings } from './hcl-worker.ts'

/** Loading and compiling 20 MB of WebAssembly takes 0.2 s, far longer on a busy machine; only a stuck start reaches this. */
const START_TIMEOUT_MS = 60_000

/** The parser holds some 80 MB; a server that reads one definition file a day shall not keep it. */
const IDLE_MS = 30_000

/** Of the parser, and as much again for the thread around it. A plain text of one megabyte takes half of it, and one second. */
const MEMORY_MB = 256

/**
 * One parser thread, started by the first text, used again for the next ones and ended when it runs away or is idle.
 * Texts wait for each other; the time limit of a text begins when it is its turn.
 */
export class HclThread {
  #worker: Worker | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #idleTimer: NodeJS.Timeout | undefined

  /** The parser's answer. @throws {HclLimitError} when it takes longer than `timeoutMs`; the thread is then ended. */
  parse(text: string, timeoutMs: number): Promise<HclReply> {
    const reply = this.#turn.then(() => this.#parseNow(text, timeoutMs))
    this.#turn = reply.catch(() => undefined)
    return reply
  }

  /** Ends the thread; the next text starts a new one. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  async #parseNow(text: string, timeoutMs: number): Promise<HclReply> {
    clearTimeout(this.#idleTimer)
    try {
      const worker = this.#worker ?? (await this.#start())
      worker.ref()
      const answer = nextReply(worker, timeoutMs, `parsing takes longer than ${timeoutMs} ms`)
      worker.postMessage(text)
      const reply = await answer
      if ('broken' in reply) await this.close()
      else this.#rest(worker)
      return reply
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async #start(): Promise<Worker> {
    // The thread sees no environment: settings and secrets are none of its business.
    const worker = new Worker(new URL('./hcl-worker.ts', import.meta.url), {
      workerData: { parserMemoryBytes: MEMORY_MB * 1_048_576 } satisfies HclSettings,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    this.#worker = worker
    // The Go runtime prints its crash reports; the failure itself arrives as a message or as the end of the thread.
    worker.stdout.resume()
    worker.stderr.resume()
    // Whoever waits hears of an error; one that comes while nobody waits matters to nobody.
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    await nextReply(worker, START_TIMEOUT_MS, 'the parser does not start')
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref()
  }
}

function nextReply(worker: Worker, timeoutMs: number, timeoutMessage: string): Promise<HclReply> {
  const { promise, resolve, reject } = Promise.withResolvers<HclReply>()
  const timer = setTimeout(() => reject(new HclLimitError(timeoutMessage)), timeoutMs)
  const onError = (error: Error) => reject(isOutOfMemory(error) ? new HclLimitError(TOO_MUCH_MEMORY) : error)
  const onExit = () => reject(new HclLimitError('the parser ended without an answer'))
  worker.once('message', resolve).once('error', onError).once('exit', onExit)
  return promise.finally(() => {
    clearTimeout(timer)
    worker.off('message', resolve).off('error', onError).off('exit', onExit)
  })
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
