import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { ConnectionError } from './outbound-errors.ts'

/** Takes the body in order. Never called again before the promise it answered has settled. */
export type ByteSink = (chunk: Uint8Array) => void | Promise<void>

export interface ResponseHead {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

export interface ExchangeRequest {
  readonly dispatcher: Dispatcher
  readonly url: URL
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly body?: string
  readonly headers: Readonly<Record<string, string>>
  /** Longest wait for the head of the answer. */
  readonly headTimeoutMs: number
  /** Longest pause inside the body. */
  readonly idleTimeoutMs: number
  /** Its reason becomes the error. */
  readonly signal: AbortSignal
  /** Chooses where the body goes; `undefined` throws it away. What it throws ends the exchange. */
  readonly accept: (head: ResponseHead) => ByteSink | undefined
}

export interface Exchanged extends ResponseHead {
  /** Body bytes that reached the sink. */
  readonly bytes: number
}

/** Bytes that may wait for a slow sink before the connection is paused. One pause costs more than many chunks. */
const WINDOW_BYTES = 1 << 20

/** A body that nobody wants is read up to here, which keeps the connection usable; a longer one costs the connection. */
const MAX_DISCARDED_BYTES = 64 * 1024

/**
 * One request on one connection. Rejects with a ConnectionError, with what `accept` or the sink threw, or with the reason of the
 * signal, and only when the sink is no longer at work.
 */
export function exchange(request: ExchangeRequest): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const { url, signal } = request
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const handler = new ExchangeHandler(request, { resolve, reject })
    signal.addEventListener('abort', handler.onAbort)
    request.dispatcher.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method ?? 'GET',
        body: request.body ?? null,
        headers: request.headers,
        headersTimeout: request.headTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      handler,
    )
  })
}

interface Settle {
  readonly resolve: (exchanged: Exchanged) => void
  readonly reject: (error: unknown) => void
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest
  readonly #settle: Settle
  #controller: Dispatcher.DispatchController | undefined
  #head: ResponseHead | undefined
  #sink: ByteSink | undefined
  #bytes = 0
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #draining: Promise<void> | undefined
  #failed = false

  constructor(request: ExchangeRequest, settle: Settle) {
    this.#request = request
    this.#settle = settle
  }

  readonly onAbort = (): void => this.#fail(this.#request.signal.reason)

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failed) controller.abort(new Error('the request was given up while the connection was being made'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.#head = { status, headers }
    try {
      this.#sink = this.#request.accept(this.#head)
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#sink === undefined) {
      if (this.#bytes > MAX_DISCARDED_BYTES) this.#cutDiscardedBody()
      return
    }
    if (this.#draining === undefined) {
      this.#pass(this.#sink, chunk)
      return
    }
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes > WINDOW_BYTES) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#draining === undefined) this.#succeed()
    else void this.#draining.then(() => this.#succeed())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(new ConnectionError(this.#request.url, error))
  }

  /** The fast path: a sink that answers at once costs no promise. */
  #pass(sink: ByteSink, chunk: Uint8Array): void {
    try {
      const pending = sink(chunk)
      if (pending !== undefined) this.#draining = this.#drain(sink, pending)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Never rejects: a failing sink fails the exchange. */
  async #drain(sink: ByteSink, first: Promise<void>): Promise<void> {
    try {
      await first
      while (this.#queue.length > 0 && !this.#failed) await this.#passQueue(sink)
      this.#draining = undefined
    } catch (error) {
      this.#draining = undefined
      this.#fail(error)
    }
  }

  async #passQueue(sink: ByteSink): Promise<void> {
    const chunks = this.#queue
    this.#queue = []
    for (const chunk of chunks) {
      if (!this.#failed) await sink(chunk)
      this.#queuedBytes -= chunk.length
    }
    this.#controller?.resume()
  }

  #cutDiscardedBody(): void {
    this.#succeed()
    this.#controller?.abort(new Error('the rest of the body is not wanted'))
  }

  #succeed(): void {
    if (this.#failed || this.#head === undefined) return
    this.#release()
    const exchanged = { ...this.#head, bytes: this.#bytes }
    // The client frees its connection one turn after the end. Without the second turn, a caller that asks again at once would
    // never find it free, and each request would open another connection.
    setImmediate(() => setImmediate(() => this.#settle.resolve(exchanged)))
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#release()
    this.#controller?.abort(error instanceof Error ? error : new Error(String(error)))
    if (this.#draining === undefined) this.#settle.reject(error)
    else void this.#draining.then(() => this.#settle.reject(error))
  }

  #release(): void {
    this.#request.signal.removeEventListener('abort', this.onAbort)
  }
}
