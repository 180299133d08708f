import { RegistryError } from '../../../base/errors.ts'
import type { Actor } from '../../../base/http/edge-types.ts'
import { organizationsWhere } from '../../access/index.ts'
import type { ExchangeDeps } from '../exchange/exchange-token.ts'
import { readUnverifiedClaims } from '../exchange/identity-verifier.ts'
import { identityTokenRefused } from '../exchange/token-refusals.ts'
import { isTokenUsed } from '../exchange/used-token-queries.ts'
import { tokenKeyOf } from '../exchange/used-tokens.ts'
import type { Claims } from './claim-patterns.ts'
import { chooseRule, explainRule, type RuleExplanation } from './explain-rule.ts'
import { listTrustRules, type RuleFilter, type TrustRuleRow } from './trust-rule-queries.ts'

/** What to test: a token, or the claims that one would have. */
export interface TestTrustRules {
  readonly token?: string | undefined
  readonly claims?: Claims | undefined
  readonly organization?: string | undefined
  readonly actor: Actor
}

/** What would come of an exchange. */
export interface TrustTest {
  /** `null` when claims were given. */
  readonly verified: boolean | null
  readonly problem: string | null
  readonly matchedRule: string | null
  readonly explanations: readonly RuleExplanation[]
}

const MAX_RULES = 500

/** Rules that an actor may see: those of the organisations that they administer. */
export function ruleFilterOf(actor: Actor): RuleFilter {
  return actor.namespaces === undefined ? organizationsWhere(actor, 'admin') : []
}

/**
 * Explains, for every rule that the caller may see, which claim fits and which does not. A token is checked as in an exchange, and
 * not used up.
 *
 * @throws {RegistryError} IDENTITY_TOKEN_REFUSED for what is no token at all; UPSTREAM_* when the issuer cannot be asked.
 */
export async function testTrustRules(deps: ExchangeDeps, { token, claims, organization, actor }: TestTrustRules): Promise<TrustTest> {
  const { db } = deps.database
  const rules = await listTrustRules(db, ruleFilterOf(actor), { limit: MAX_RULES, offset: 0 })
  const read = claims ?? readUnverifiedClaims(token ?? '')
  if (read === undefined) throw identityTokenRefused('signature', 'it is no JSON Web Token')
  const proof = token === undefined ? { verified: null, problem: null } : await verifyFor(deps, rules, { token, issuer: read.iss })
  const choice = chooseRule(rules, read, organization)
  const matchedRule = choice.kind === 'rule' ? choice.rule.id : null
  return {
    verified: proof.verified,
    problem: proof.problem ?? problemOf(choice.kind),
    matchedRule: proof.verified === false ? null : matchedRule,
    explanations: rules.map((rule) => explainRule(rule, read)),
  }
}

function problemOf(kind: 'rule' | 'none' | 'ambiguous'): string | null {
  if (kind === 'rule') return null
  return kind === 'none' ? 'no enabled rule fits' : 'rules of several organisations fit; the pipeline must name one'
}

async function verifyFor(deps: ExchangeDeps, rules: readonly TrustRuleRow[], { token, issuer }: { token: string; issuer: unknown }) {
  if (typeof issuer !== 'string' || !rules.some((rule) => rule.issuer === issuer)) {
    return { verified: false, problem: 'no rule names the issuer of the token, so nothing of it was checked' }
  }
  try {
    const claims = await deps.identities.verify(token, issuer)
    const used = await isTokenUsed(deps.database.db, tokenKeyOf(token, issuer, claims))
    return { verified: true, problem: used ? 'the token was used before' : null }
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'IDENTITY_TOKEN_REFUSED') throw error
    return { verified: false, problem: error.message.replace(/^[^:]*: /, '') }
  }
}
