import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Constraint } from '@terrace/protocol/constraints.ts'
import type { UnixMs } from '../../../base/clock.ts'

/** What a rule does with what it matches. */
export type PolicyEffect = 'allow' | 'deny' | 'require_approval'

/** A rule, ready to be compared. */
export interface PolicyRule {
  readonly id: string
  readonly name: string
  /** The highest is looked at first. */
  readonly priority: number
  readonly effect: PolicyEffect
  /** Patterns with `*` for any characters, in lower case. */
  readonly upstream: string
  readonly namespace: string
  readonly type: string
  /** `undefined`: every version. */
  readonly version: { readonly text: string; readonly constraints: readonly Constraint[] } | undefined
  /** The only organisation it is about; `null`: everybody. */
  readonly organizationId: string | null
  readonly reason: string
  readonly enabled: boolean
}

/** What is asked about: a version, or without one whether the upstream may be asked about the provider at all. */
export interface PolicySubject extends ProviderAddress {
  /** Canonical. */
  readonly version?: string | undefined
  /** When it came out, as far as its upstream can be believed. */
  readonly publishedAt?: UnixMs | undefined
  /** Whose mirror brings it; rules of other organisations do not count. Without it only rules for everybody do. */
  readonly organizationId?: string | undefined
  /** Nobody named the upstream: a request of a client leads there by itself. */
  readonly onDemand?: boolean | undefined
  /** A module stands where a provider does, its name where the type is. Modules have no cool-down. Default `provider`. */
  readonly kind?: 'provider' | 'module' | undefined
}

/** An exception that was approved. */
export interface ApprovedRequest extends ProviderAddress {
  /** `approval`: from a rule that requires one; `cool_down`: from the waiting time. */
  readonly kind: 'approval' | 'cool_down'
  /** `null`: every version. */
  readonly version: string | null
}

/** What a decision depends on besides rules and subject. */
export interface PolicyFacts {
  readonly now: UnixMs
  /** Somebody owns, or once owned, the namespace here. */
  readonly claimed: boolean
  /** Host name whose providers also answer to addresses without one; may be empty. */
  readonly defaultHostname: string
  readonly coolDownDays: number
  readonly approved: readonly ApprovedRequest[]
  /** When the version was first listed here; `undefined`: not yet. */
  readonly firstSeenAt?: UnixMs | undefined
}

/** `held`: it is too young, and comes in by itself later. */
export type PolicyVerdict = 'allowed' | 'denied' | 'needs_approval' | 'held'

/** A decision, and why it came out so. */
export interface PolicyDecision {
  readonly decision: PolicyVerdict
  /** Whether `decision` is `allowed`. */
  readonly allowed: boolean
  /** The rule that decided; `undefined` when no rule matched or something stands above the rules. */
  readonly rule: Pick<PolicyRule, 'id' | 'name' | 'priority' | 'effect'> | undefined
  /** Sentences for people, in the order in which it was decided; the last one gives the outcome. */
  readonly why: readonly string[]
  /** For `held`: from when on it is let in. */
  readonly heldUntil: UnixMs | undefined
}
