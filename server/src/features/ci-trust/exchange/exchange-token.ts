import { decodeJson } from '../../../base/database/columns.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { issuePipelineKey } from '../../accounts/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { CiTrustDeps } from '../ci-trust-deps.ts'
import { chooseRule } from '../rules/explain-rule.ts'
import { findRulesOfIssuer, findTrustRule, type TrustRuleRow } from '../rules/trust-rule-queries.ts'
import { type IdentityVerifier, readUnverifiedClaims, type VerifiedClaims } from './identity-verifier.ts'
import { identityTokenRefused } from './token-refusals.ts'
import { useToken } from './used-token-queries.ts'
import { forgetAt, tokenKeyOf } from './used-tokens.ts'

export type ExchangeDeps = CiTrustDeps & { readonly identities: IdentityVerifier }

/** The wish of a pipeline. */
export interface ExchangeToken {
  /** Identity token of its host, a JWT. */
  readonly token: string
  /** Id or name; needed when rules of several organisations fit. */
  readonly organization?: string | undefined
  readonly origin: Origin
}

/** A key for at most an hour. */
export interface ExchangedKey {
  readonly key: string
  readonly expiresAt: number
  readonly organization: string
  readonly scopes: readonly string[]
  readonly namespaces: readonly string[] | null
}

const MINUTE_MS = 60_000
const MAX_NAME = 200

/**
 * Exchanges the identity token of a pipeline for a short-lived key. Each token counts once, over all replicas: using it up and
 * making the key are one transaction, with their record in the audit.
 *
 * @throws {RegistryError} IDENTITY_TOKEN_REFUSED (`detail.reason`); UPSTREAM_*, OUTBOUND_BLOCKED when the issuer cannot be asked.
 */
export async function exchangeToken(deps: ExchangeDeps, { token, organization, origin }: ExchangeToken): Promise<ExchangedKey> {
  const issuer = readUnverifiedClaims(token)?.iss
  // Nobody but an issuer that an administrator named is ever asked for keys.
  const rules = typeof issuer === 'string' ? await findRulesOfIssuer(deps.database.db, issuer) : []
  if (typeof issuer !== 'string' || rules.length === 0) throw identityTokenRefused('signature', 'no key of a trusted issuer has signed it')
  const claims = await deps.identities.verify(token, issuer)
  const choice = chooseRule(rules, claims, organization)
  if (choice.kind === 'rule') return await issueKey(deps, choice.rule, { claims, tokenKey: tokenKeyOf(token, issuer, claims), origin })
  deps.logger.info({ issuer, subject: claims.sub, reason: choice.kind }, 'identity token without a rule')
  throw choice.kind === 'ambiguous'
    ? identityTokenRefused('ambiguous', 'several organisations trust it')
    : identityTokenRefused('no_rule', 'no trust rule fits it')
}

interface Proof {
  readonly claims: VerifiedClaims
  readonly tokenKey: string
  readonly origin: Origin
}

function issueKey(deps: ExchangeDeps, rule: TrustRuleRow, { claims, tokenKey, origin }: Proof): Promise<ExchangedKey> {
  const at = deps.clock.now()
  const expiresAt = at + rule.lifeMinutes * MINUTE_MS
  const [scopes, namespaces] = [decodeJson<string[]>(rule.scopes), rule.namespaces === null ? null : decodeJson<string[]>(rule.namespaces)]
  const name = `${rule.name}: ${printable(claims.sub)}`.slice(0, MAX_NAME)
  const { organizationId, organization, issuer } = rule
  return deps.database.db.transaction().execute(async (tx) => {
    if (!(await useToken(tx, { tokenKey, expiresAt: forgetAt(claims) }))) throw identityTokenRefused('used', 'it was used before')
    const current = await findTrustRule(tx, rule.id)
    if (current === undefined || current.disabledAt !== null) throw identityTokenRefused('no_rule', 'no trust rule fits it')
    const limits = { scopes, namespaces }
    const key = await issuePipelineKey(deps, tx, { trustRuleId: rule.id, organizationId, name, ...limits, createdAt: at, expiresAt })
    const actor: Actor = { kind: 'api_key', id: null, name, scopes: [], grants: [], credentialId: key.id }
    const details = {
      issuer,
      subject: claims.sub,
      rule: rule.name,
      organization,
      prefix: key.prefix,
      ...limits,
      expires_at: new Date(expiresAt).toISOString(),
    }
    await recordAudit(tx, { at, origin: { ...origin, actor }, action: 'identity_token.exchange', object: name, details })
    return { key: key.secret, expiresAt, organization, ...limits }
  })
}

/** A subject may hold anything; lists and logs are read by people. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\ud7ff]/g, '?')
}
