import { decodeJson } from '../../../base/database/columns.ts'
import { type ClaimCheck, type ClaimPatterns, type Claims, checkAudience, checkClaim } from './claim-patterns.ts'
import type { TrustRuleRow } from './trust-rule-queries.ts'

/** Why a rule trusts an identity, or why not. */
export interface RuleExplanation {
  readonly rule: TrustRuleRow
  /** Every check fits; whether the rule is enabled is another question. */
  readonly matched: boolean
  readonly checks: readonly ClaimCheck[]
}

/** Compares everything that a rule says, also after the first difference, so that all of them are seen at once. */
export function explainRule(rule: TrustRuleRow, claims: Claims): RuleExplanation {
  const { iss } = claims
  const patterns = Object.entries(decodeJson<ClaimPatterns>(rule.claims))
  const checks = [
    { claim: 'iss', expected: rule.issuer, found: typeof iss === 'string' ? iss.slice(0, 500) : null, matched: iss === rule.issuer },
    checkAudience(claims, rule.audience),
    ...patterns.map(([claim, pattern]) => checkClaim(claims, claim, pattern)),
  ]
  return { rule, checks, matched: checks.every(({ matched }) => matched) }
}

/** What a token leads to. */
export type Choice =
  | { readonly kind: 'rule'; readonly rule: TrustRuleRow }
  | { readonly kind: 'none' }
  /** Rules of several organisations fit; nobody else may decide for whom the pipeline works. */
  | { readonly kind: 'ambiguous'; readonly organizations: readonly string[] }

/**
 * The rule that counts: of those that fit, the oldest.
 * @param organization id or name that the pipeline asked for.
 */
export function chooseRule(rules: readonly TrustRuleRow[], claims: Claims, organization: string | undefined): Choice {
  const isWanted = (rule: TrustRuleRow) =>
    organization === undefined || rule.organizationId === organization || rule.organization === organization.toLowerCase()
  const fitting = rules.filter((rule) => rule.disabledAt === null && isWanted(rule) && explainRule(rule, claims).matched)
  const organizations = [...new Set(fitting.map((rule) => rule.organization))].sort()
  if (organizations.length > 1) return { kind: 'ambiguous', organizations }
  const [rule] = fitting
  return rule === undefined ? { kind: 'none' } : { kind: 'rule', rule }
}
