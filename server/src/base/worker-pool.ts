import { type ResourceLimits, Worker } from 'node:worker_threads'

export interface WorkerPoolOptions {
  /** Script of the thread: it answers each message with one message, and begins the next one only afterwards. */
  readonly script: URL
  /** Names the pool in errors: `The package inspector`. */
  readonly name: string
  /** Requests that are worked on at the same time. Threads start with the first request and then stay. */
  readonly size: number
  /** Given to each thread once. */
  readonly workerData: unknown
  /** Longest work on one request, waiting not counted; no limit by default. */
  readonly timeoutMs?: number
  /** Of one thread's JavaScript heap; Node's own by default. */
  readonly resourceLimits?: ResourceLimits
}

/** Ends a request that took longer than its pool allows. */
export class WorkTimeoutError extends Error {}

interface Pending<Request, Answer> {
  readonly request: Request
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
  timer?: NodeJS.Timeout
}

/** Worker threads of one kind. A thread that dies or takes too long fails only its own request. */
export class WorkerPool<Request, Answer> {
  readonly #options: WorkerPoolOptions
  readonly #idle: Worker[] = []
  readonly #running = new Map<Worker, Pending<Request, Answer>>()
  readonly #waiting: Pending<Request, Answer>[] = []
  #closed = false

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /**
   * Waits while all threads are busy; requests begin in the order in which they came. Aborting rejects with the signal's reason and
   * stops the work at once.
   * @throws {WorkTimeoutError}
   */
  run(request: Request, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted()
    if (this.#closed) return Promise.reject(this.#closedError())
    return new Promise((resolve, reject) => {
      const pending: Pending<Request, Answer> = { request, resolve: settle(resolve), reject: settle(reject) }
      const onAbort = (): void => this.#cancel(pending, signal?.reason)
      function settle<T>(finish: (value: T) => void): (value: T) => void {
        return (value) => {
          signal?.removeEventListener('abort', onAbort)
          clearTimeout(pending.timer)
          finish(value)
        }
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(pending)
      this.#dispatch()
    })
  }

  /** Ends the threads; requests that still run or wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true
    for (const pending of [...this.#waiting.splice(0), ...this.#running.values()]) pending.reject(this.#closedError())
    const workers = [...this.#idle.splice(0), ...this.#running.keys()]
    this.#running.clear()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  #closedError(): Error {
    return new Error(`${this.#options.name} is closed`)
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && (this.#idle.length > 0 || this.#running.size < this.#options.size)) {
      const pending = this.#waiting.shift()
      if (pending === undefined) return
      const worker = this.#idle.pop() ?? this.#start()
      this.#running.set(worker, pending)
      worker.ref()
      worker.postMessage(pending.request)
      this.#limitTime(pending)
    }
  }

  #limitTime(pending: Pending<Request, Answer>): void {
    const { timeoutMs, name } = this.#options
    if (timeoutMs === undefined) return
    pending.timer = setTimeout(() => this.#cancel(pending, new WorkTimeoutError(`${name} took longer than ${timeoutMs} ms`)), timeoutMs)
  }

  #start(): Worker {
    const { script, workerData, resourceLimits, name } = this.#options
    const worker = new Worker(script, {
      workerData,
      ...(resourceLimits && { resourceLimits }),
      // Flags of the process such as --input-type would reach the worker and stop it.
      execArgv: [],
    })
    worker.on('message', (answer: Answer) => this.#finish(worker, answer))
    worker.on('error', (error) => this.#fail(worker, error))
    worker.on('exit', () => this.#fail(worker, new Error(`${name} ended unexpectedly`)))
    return worker
  }

  #finish(worker: Worker, answer: Answer): void {
    const pending = this.#running.get(worker)
    if (pending === undefined) return
    this.#running.delete(worker)
    // An idle worker must not keep a finished process alive.
    worker.unref()
    this.#idle.push(worker)
    pending.resolve(answer)
    this.#dispatch()
  }

  #fail(worker: Worker, error: unknown): void {
    const index = this.#idle.indexOf(worker)
    if (index >= 0) this.#idle.splice(index, 1)
    const pending = this.#running.get(worker)
    this.#running.delete(worker)
    pending?.reject(error)
    if (!this.#closed) this.#dispatch()
  }

  #cancel(pending: Pending<Request, Answer>, reason: unknown): void {
    const index = this.#waiting.indexOf(pending)
    if (index >= 0) this.#waiting.splice(index, 1)
    pending.reject(reason)
    for (const [worker, running] of this.#running) {
      if (running !== pending) continue
      this.#running.delete(worker)
      void worker.terminate()
    }
    this.#dispatch()
  }
}
