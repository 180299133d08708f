import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { RegistryError } from '../../errors.ts'
import { clientKey } from '../client-address.ts'
import type { Actor } from '../edge-types.ts'
import { Generations } from './generations.ts'
import { createGuessGuard, type GuessGuard } from './guess-guard.ts'
import type { RateLimiter } from './rate-limiter.ts'

const REMEMBERED_CREDENTIALS = 10_000

/** Who asks, as far as it can be told before authentication. */
export interface Caller {
  /** Address, or network of an IPv6 address. */
  readonly addressKey: string
  /** Digest of the secret that was sent; `undefined` when none was, or when nobody looks at it. */
  readonly fingerprint: string | undefined
  /** The credential behind the secret, when it was right the last time. */
  readonly credentialId: string | undefined
}

type Refusal = RegistryError | undefined

/** The budgets that a request draws on. */
export interface RequestBudgets {
  callerOf(address: string, secret?: string): Caller
  /** Before authentication: takes a request of the tier's budget. */
  enter(tier: RateLimiter | undefined, caller: Caller): Refusal | Promise<Refusal>
  /** After authentication: notes how it ended, and takes a request from a credential that was not known before. */
  settle(tier: RateLimiter | undefined, caller: Caller, actor: Actor | undefined): Refusal | Promise<Refusal>
}

/**
 * A request draws on the budget of its address; one with a credential that was right the last time draws on the budget of that
 * credential instead. So one key is bound however many addresses it comes from, and whoever floods us from behind the same
 * address takes nothing from a key that works. An address that sent too many wrong credentials may only use those known to be
 * right until its budget for guesses is refilled. See docs/decisions/0009-rate-limits.md.
 *
 * @param options.wrongCredentials budget of wrong credentials per address
 */
export function createRequestBudgets(options: { readonly wrongCredentials: RateLimiter; readonly clock: Clock }): RequestBudgets {
  const known = new Generations<string>(REMEMBERED_CREDENTIALS)
  const guesses = createGuessGuard({ budget: options.wrongCredentials, clock: options.clock })
  return {
    callerOf(address, secret) {
      const fingerprint = secret === undefined ? undefined : hash('sha256', secret, 'base64')
      return { addressKey: clientKey(address), fingerprint, credentialId: fingerprint && known.get(fingerprint) }
    },
    enter(tier, caller) {
      if (caller.credentialId !== undefined) return takeOf(tier, credentialKey(caller.credentialId))
      return refusedGuess(guesses, caller) ?? takeOf(tier, caller.addressKey)
    },
    settle(tier, { addressKey, fingerprint, credentialId }, actor) {
      if (fingerprint === undefined) return undefined
      if (actor === undefined) {
        known.delete(fingerprint)
        return guesses.record(addressKey)?.then(() => undefined)
      }
      if (actor.credentialId === null || actor.credentialId === credentialId) return undefined
      known.set(fingerprint, actor.credentialId)
      return takeOf(tier, credentialKey(actor.credentialId))
    },
  }
}

/** Requests are not limited. */
export const NO_BUDGETS: RequestBudgets = {
  callerOf: (address) => ({ addressKey: address, fingerprint: undefined, credentialId: undefined }),
  enter: () => undefined,
  settle: () => undefined,
}

// No address holds a space.
const CREDENTIAL_PREFIX = 'credential '

function credentialKey(id: string): string {
  return CREDENTIAL_PREFIX + id
}

function takeOf(tier: RateLimiter | undefined, key: string): Refusal | Promise<Refusal> {
  if (tier === undefined) return undefined
  const wait = tier.take(key)
  const refusal = (seconds: number) => (seconds === 0 ? undefined : rateLimited(seconds, tier.perMinute, key))
  return typeof wait === 'number' ? refusal(wait) : wait.then(refusal)
}

function refusedGuess(guesses: GuessGuard, { addressKey, fingerprint }: Caller): Refusal {
  if (fingerprint === undefined) return undefined
  const waitSeconds = guesses.waitSeconds(addressKey)
  if (waitSeconds === 0) return undefined
  const hint = `Check the credential and try again in ${waitSeconds} s`
  return refusalOf('too many wrong credentials came from this address', { hint, waitSeconds })
}

function rateLimited(waitSeconds: number, perMinute: number, key: string): RegistryError {
  const source = key.startsWith(CREDENTIAL_PREFIX) ? 'with this credential' : 'from this address'
  const hint = `${perMinute} a minute are allowed; try again in ${waitSeconds} s, or ask the administrator to raise the limit`
  return refusalOf(`too many requests came ${source}`, { hint, waitSeconds })
}

/** There are few different ones, and in a flood making an error, with its stack, would cost more than the rest of the answer. */
const refusals = new LRUCache<string, RegistryError>({ max: 500 })

function refusalOf(state: string, { hint, waitSeconds }: { readonly hint: string; readonly waitSeconds: number }): RegistryError {
  const known = refusals.get(state + hint)
  if (known !== undefined) return known
  const refusal = new RegistryError('RATE_LIMITED', `Cannot answer the request: ${state}`, { hint, retryAfterSeconds: waitSeconds })
  refusals.set(state + hint, refusal)
  return refusal
}
