import { type Static, Type } from 'typebox'
import { decodeJson } from '../../../base/database/columns.ts'
import type { RuleExplanation } from './explain-rule.ts'
import type { TrustRuleRow } from './trust-rule-queries.ts'

const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
export const ClaimsView = Type.Record(Type.String(), Type.String(), {
  description: 'Claim → exact text, or text with `*` for any characters.',
})

/** A rule. */
export const TrustRuleView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  organization: Type.Object({ id: Type.String(), name: Type.String() }),
  issuer: Type.String(),
  audience: Type.String(),
  claims: ClaimsView,
  scopes: Type.Array(Type.String()),
  namespaces: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all of the organisation.' }),
  life_minutes: Type.Integer({ description: 'Life of a key.' }),
  enabled: Type.Boolean(),
  created_at: Type.String({ description: 'ISO 8601, UTC.' }),
  created_by: Type.String(),
})

/** Row → view. */
export function presentTrustRule(rule: TrustRuleRow): Static<typeof TrustRuleView> {
  const { id, name, organizationId, organization, issuer, audience, lifeMinutes, createdBy } = rule
  return {
    id,
    name,
    organization: { id: organizationId, name: organization },
    issuer,
    audience,
    claims: decodeJson<Record<string, string>>(rule.claims),
    scopes: decodeJson<string[]>(rule.scopes),
    namespaces: rule.namespaces === null ? null : decodeJson<string[]>(rule.namespaces),
    life_minutes: lifeMinutes,
    enabled: rule.disabledAt === null,
    created_at: new Date(rule.createdAt).toISOString(),
    created_by: createdBy,
  }
}

/** What came of a test. */
export const TestResultView = Type.Object({
  verified: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'Whether the token is genuine and in time; null when claims were given.',
  }),
  problem: Nullable('Why a pipeline would get no key; null when it would.'),
  matched_rule: Nullable('Id of the rule that a pipeline would get its key from.'),
  rules: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      organization: Type.String(),
      enabled: Type.Boolean(),
      matched: Type.Boolean({ description: 'Every check fits.' }),
      checks: Type.Array(
        Type.Object({
          claim: Type.String(),
          expected: Type.String({ description: 'What the rule says.' }),
          found: Nullable('What the token says; null when it has no such claim.'),
          matched: Type.Boolean(),
        }),
      ),
    }),
  ),
})

/** Explanation → view. */
export function presentExplanation({ rule, matched, checks }: RuleExplanation) {
  const { id, name, organization, disabledAt } = rule
  return { id, name, organization, enabled: disabledAt === null, matched, checks: [...checks] }
}
