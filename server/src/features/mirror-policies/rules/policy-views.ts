import { type Static, Type } from 'typebox'
import { checkRule } from '../decide/match-rule.ts'
import type { PolicyDecision, PolicyRule, PolicySubject } from '../decide/policy-types.ts'
import type { MirrorPolicyRow } from './policy-queries.ts'

const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

/** A rule. */
export const MirrorPolicyView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    priority: Type.Integer({ description: 'The highest is looked at first; the first rule that matches decides.' }),
    effect: Type.String({ description: 'allow, deny or require_approval' }),
    upstream: Type.String({ description: 'Pattern for the host name; `*` stands for any characters.' }),
    namespace: Type.String({ description: 'Pattern for the namespace.' }),
    type: Type.String({ description: 'Pattern for the type.' }),
    version: Nullable('Version constraint; null: every version.'),
    organization: Nullable('Name of the only organisation whose mirrors it is about; null: everybody.'),
    reason: Type.String({ description: 'Shown to whoever it stops.' }),
    enabled: Type.Boolean(),
    created_at: Type.String({ format: 'date-time' }),
    created_by: Type.String(),
  },
  { $id: 'MirrorPolicy' },
)

/** Row → view. */
export function presentPolicy(row: MirrorPolicyRow): Static<typeof MirrorPolicyView> {
  const { id, name, priority, effect, upstream, namespace, type, version, organization, reason, createdAt, createdBy, disabledAt } = row
  return {
    id,
    name,
    priority,
    effect,
    upstream,
    namespace,
    type,
    version,
    organization,
    reason,
    enabled: disabledAt === null,
    created_at: new Date(createdAt).toISOString(),
    created_by: createdBy,
  }
}

/** What came of a test. */
export const PolicyTestView = Type.Object({
  decision: Type.String({ description: 'allowed, denied, needs_approval or held' }),
  allowed: Type.Boolean(),
  rule: Nullable('Name of the rule that decided; null when none matched or something stands above the rules.'),
  why: Type.Array(Type.String(), { description: 'Sentences in the order in which it was decided.' }),
  held_until: Nullable('From when on it is let in, while it is held; ISO 8601, UTC.'),
  rules: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      priority: Type.Integer(),
      effect: Type.String(),
      matched: Type.Boolean({ description: 'Every check fits.' }),
      decided: Type.Boolean({ description: 'It is the one that counts.' }),
      checks: Type.Array(
        Type.Object({
          field: Type.String(),
          expected: Type.String({ description: 'As the rule has it.' }),
          found: Nullable('As it was asked about; null when that says nothing.'),
          matched: Type.Boolean(),
        }),
      ),
    }),
    { description: 'All rules, highest priority first.' },
  ),
})

/** Decision → view, with every rule compared. */
export function presentTest(decision: PolicyDecision, rules: readonly PolicyRule[], subject: PolicySubject): Static<typeof PolicyTestView> {
  const { heldUntil, rule, why, allowed, decision: verdict } = decision
  return {
    decision: verdict,
    allowed,
    rule: rule?.name ?? null,
    why: [...why],
    held_until: heldUntil === undefined ? null : new Date(heldUntil).toISOString(),
    rules: rules.map((candidate) => {
      const { id, name, priority, effect } = candidate
      const checks = checkRule(candidate, subject).map((check) => ({ ...check, found: check.found ?? null }))
      return { id, name, priority, effect, matched: checks.every(({ matched }) => matched), decided: rule?.id === id, checks }
    }),
  }
}
