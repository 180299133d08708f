import { timeoutError } from './outbound-errors.ts'

/** A time limit joined with the caller's own signal. */
export interface Deadline extends Disposable {
  /** Aborts with UPSTREAM_UNAVAILABLE when the time is over, with the caller's reason when the caller gives up. */
  readonly signal: AbortSignal
}

/** Starts the clock; dispose of it, or the timer keeps running. */
export function startDeadline(url: URL, timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(timeoutError(url, timeoutMs)), timeoutMs)
  const onCallerAbort = () => controller.abort(callerSignal?.reason)
  if (callerSignal?.aborted === true) onCallerAbort()
  callerSignal?.addEventListener('abort', onCallerAbort)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      callerSignal?.removeEventListener('abort', onCallerAbort)
    },
  }
}
