import type { Clock } from '../../clock.ts'
import { Generations } from './generations.ts'
import type { RateLimiter } from './rate-limiter.ts'

const REMEMBERED_ADDRESSES = 25_000

/** Bounds how many wrong credentials an address may try. */
export interface GuessGuard {
  /** Seconds until the address may try another credential; 0 when it may now. */
  waitSeconds(addressKey: string): number
  /** Notes a wrong credential; a promise where somebody has to be asked. */
  record(addressKey: string): void | Promise<void>
}

/**
 * A guard over a budget. Asking costs nothing, even when the budget is shared: what the last wrong credential found out is
 * remembered here.
 */
export function createGuessGuard({ budget, clock }: { budget: RateLimiter; clock: Clock }): GuessGuard {
  const blockedUntilMs = new Generations<number>(REMEMBERED_ADDRESSES)

  function note(addressKey: string, waitSeconds: number): void {
    if (waitSeconds > 0) blockedUntilMs.set(addressKey, clock.now() + waitSeconds * 1000)
  }

  return {
    waitSeconds(addressKey) {
      const untilMs = blockedUntilMs.get(addressKey)
      return untilMs === undefined ? 0 : Math.max(0, Math.ceil((untilMs - clock.now()) / 1000))
    },
    record(addressKey) {
      const wait = budget.take(addressKey)
      return typeof wait === 'number' ? note(addressKey, wait) : wait.then((seconds) => note(addressKey, seconds))
    },
  }
}
