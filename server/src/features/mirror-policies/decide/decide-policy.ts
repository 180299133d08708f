import { covers, nameOf } from './approved-requests.ts'
import { decideCoolDown } from './cool-down.ts'
import { matchesRule } from './match-rule.ts'
import type { PolicyDecision, PolicyFacts, PolicyRule, PolicySubject } from './policy-types.ts'

/** Of two rules with one priority the stricter counts. */
const STRICTNESS = { deny: 0, require_approval: 1, allow: 2 } as const

/** Highest priority first; of equal ones the strictest, then by name. The order in which rules count and are shown everywhere. */
export function orderRules(rules: readonly PolicyRule[]): PolicyRule[] {
  return [...rules].sort(
    (a, b) => b.priority - a.priority || STRICTNESS[a.effect] - STRICTNESS[b.effect] || (a.name < b.name ? -1 : Number(a.name > b.name)),
  )
}

/**
 * Decides about a subject: a namespace that is ours comes before the rules, of the rules the first that matches counts, and what they
 * let in may still be too young. What no rule matches is denied.
 *
 * Pure: equal input gives equal output, in whatever order the rules are given.
 */
export function decidePolicy(rules: readonly PolicyRule[], subject: PolicySubject, facts: PolicyFacts): PolicyDecision {
  const claim = decideClaim(rules, subject, facts)
  if (claim !== undefined && !claim.allowed) return claim
  const ruled = decideByRules(rules, subject, facts)
  const decided = ruled.allowed ? (decideCoolDown(ruled, subject, facts) ?? ruled) : ruled
  return { ...decided, why: [...(claim?.why ?? []), ...decided.why] }
}

/**
 * A namespace that is claimed here is not asked for elsewhere: whoever takes the same name at an upstream must not get between our
 * people and their own providers (reliability.md row 45). Only a rule that names host and namespace says that the other one is meant,
 * and only where the request named the upstream too.
 */
function decideClaim(rules: readonly PolicyRule[], subject: PolicySubject, facts: PolicyFacts): PolicyDecision | undefined {
  if (!facts.claimed) return undefined
  const ours = `Namespace "${subject.namespace}" is claimed here`
  const refused = (why: string): PolicyDecision => ({ ...denied([why]), rule: undefined })
  if (subject.onDemand) return refused(`${ours}, so no upstream is asked for it on demand`)
  if (subject.hostname === facts.defaultHostname) {
    return refused(`${ours}, and "${subject.hostname}" is the upstream of addresses without a host name`)
  }
  const named = rules.find((rule) => rule.effect === 'allow' && namesExactly(rule, subject) && matchesRule(rule, subject))
  if (named === undefined) return refused(`${ours}, and no rule allows "${subject.hostname}/${subject.namespace}" by name`)
  return { ...denied([`${ours}, but rule "${named.name}" allows "${subject.hostname}/${subject.namespace}" by name`]), allowed: true }
}

function namesExactly(rule: PolicyRule, { hostname, namespace }: PolicySubject): boolean {
  return rule.upstream === hostname && rule.namespace === namespace
}

function decideByRules(rules: readonly PolicyRule[], subject: PolicySubject, { approved }: PolicyFacts): PolicyDecision {
  const rule = orderRules(rules).find((candidate) => matchesRule(candidate, subject))
  if (rule === undefined) return denied(['No rule matches, and what no rule allows is denied'])
  const { id, name, priority, effect } = rule
  const because = rule.reason === '' ? '' : `: ${rule.reason}`
  const decided = { rule: { id, name, priority, effect }, heldUntil: undefined }
  const first = `Rule "${name}" (priority ${priority}) matches first`
  if (effect === 'deny') return { ...decided, decision: 'denied', allowed: false, why: [`${first} and denies it${because}`] }
  if (effect === 'allow') return { ...decided, decision: 'allowed', allowed: true, why: [`${first} and allows it${because}`] }
  const needs = `${first} and asks for an approval${because}`
  if (approved.some((request) => request.kind === 'approval' && covers(request, subject))) {
    return { ...decided, decision: 'allowed', allowed: true, why: [needs, 'It was approved'] }
  }
  return { ...decided, decision: 'needs_approval', allowed: false, why: [needs, `Nobody has approved "${nameOf(subject)}"`] }
}

function denied(why: readonly string[]): PolicyDecision {
  return { decision: 'denied', allowed: false, rule: undefined, why, heldUntil: undefined }
}
