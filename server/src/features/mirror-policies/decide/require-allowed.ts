import { RegistryError } from '../../../base/errors.ts'
import { nameOf } from './approved-requests.ts'
import type { PolicyDecision, PolicySubject, PolicyVerdict } from './policy-types.ts'

const HINTS: Readonly<Record<Exclude<PolicyVerdict, 'allowed'>, string>> = {
  denied: 'An administrator can see why with "terrace mirror policy test", and change the rules',
  needs_approval: 'Ask for one: terrace mirror approval request ADDRESS [VERSION] --reason TEXT',
  held: 'Wait, or ask an administrator to override it: terrace mirror approval override ADDRESS VERSION --reason TEXT',
}

/**
 * Refuses what a decision does not let in, with the rule and the reason in the message.
 * @param action what is not done: `mirror`.
 * @throws {RegistryError} POLICY_REFUSED
 */
export function requireAllowed(action: string, subject: PolicySubject, decision: PolicyDecision): void {
  if (decision.decision !== 'allowed') throw refusedByPolicy(action, subject, decision)
}

/** The refusal, for lists of them. */
export function refusedByPolicy(action: string, subject: PolicySubject, { decision, rule, why, heldUntil }: PolicyDecision): RegistryError {
  return new RegistryError('POLICY_REFUSED', `Cannot ${action} "${nameOf(subject)}": ${lowerFirst(why.join('; '))}`, {
    ...(decision !== 'allowed' && { hint: HINTS[decision] }),
    detail: {
      decision,
      rule: rule?.name ?? null,
      held_until: heldUntil === undefined ? null : new Date(heldUntil).toISOString(),
    },
  })
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
