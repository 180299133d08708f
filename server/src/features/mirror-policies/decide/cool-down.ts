import type { UnixMs } from '../../../base/clock.ts'
import { covers } from './approved-requests.ts'
import type { PolicyDecision, PolicyFacts, PolicySubject } from './policy-types.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Holds a version that the rules let in for as long as it is too young: most malicious releases are found within days
 * (reliability.md row 46). `undefined` when the cool-down has nothing to say.
 */
export function decideCoolDown(ruled: PolicyDecision, subject: PolicySubject, facts: PolicyFacts): PolicyDecision | undefined {
  const { coolDownDays, now } = facts
  if (coolDownDays === 0 || subject.version === undefined || subject.kind === 'module') return undefined
  const heldUntil = bornAt(subject, facts) + coolDownDays * DAY_MS
  if (heldUntil <= now) return undefined
  const held = `It is held until ${new Date(heldUntil).toISOString()} (cool-down of ${coolDownDays} ${coolDownDays === 1 ? 'day' : 'days'})`
  if (facts.approved.some((request) => request.kind === 'cool_down' && covers(request, subject))) {
    return { ...ruled, why: [...ruled.why, `${held}, which was overridden`] }
  }
  return { ...ruled, decision: 'held', allowed: false, heldUntil, why: [...ruled.why, held] }
}

/** It is at least as old as the time for which it has been known here, and not born in the future whatever its upstream says. */
function bornAt({ publishedAt }: PolicySubject, { now, firstSeenAt }: PolicyFacts): UnixMs {
  return Math.min(now, ...[publishedAt, firstSeenAt].filter((at) => at !== undefined))
}
