import { RegistryError } from '../../../base/errors.ts'

const MAX_RUNNING = 2
const MAX_WAITING = 32
const RETRY_SECONDS = 2

/** Runs a piece of work when there is room for it. */
export type WorkGate = <Result>(work: () => Promise<Result>) => Promise<Result>

/**
 * Two at a time, 32 waiting. Password hashes run on the same few threads as file access: unlimited, a flood of sign-ins would
 * stop every download.
 *
 * The answer's promise rejects with RATE_LIMITED when too many wait.
 */
export function createWorkGate(): WorkGate {
  let running = 0
  const waiting: (() => void)[] = []

  async function enter(): Promise<void> {
    if (running < MAX_RUNNING) {
      running += 1
      return
    }
    if (waiting.length >= MAX_WAITING) {
      throw new RegistryError('RATE_LIMITED', 'Cannot check the password: too many sign-ins at once', {
        hint: 'Try again in a moment',
        retryAfterSeconds: RETRY_SECONDS,
      })
    }
    // The one that leaves hands its place over, so `running` stays.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return async (work) => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
