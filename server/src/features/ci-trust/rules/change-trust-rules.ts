import { encodeJson } from '../../../base/database/columns.ts'
import { isUniqueViolation } from '../../../base/database/database-errors.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../../base/database/seed-rows.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { mayIn, parseScopes } from '../../access/index.ts'
import { revokeKeysOfRule } from '../../accounts/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { CiTrustDeps } from '../ci-trust-deps.ts'
import type { ClaimPatterns } from './claim-patterns.ts'
import { requireIssuer, requireNarrowRule } from './shared-issuers.ts'
import {
  deleteTrustRuleRow,
  findOrganization,
  findTrustRule,
  insertTrustRule,
  type TrustRuleRow,
  updateTrustRule,
} from './trust-rule-queries.ts'

type RuleDeps = Pick<CiTrustDeps, 'database' | 'clock' | 'config'>

/** What may be changed of a rule. */
interface RuleContent {
  readonly name: string
  readonly issuer: string
  /** What the claim `aud` must be. */
  readonly audience: string
  readonly claims: ClaimPatterns
  readonly scopes: readonly string[]
  /** `null`: all of the organisation. */
  readonly namespaces: readonly string[] | null
  /** Life of a key, 1 to 60. */
  readonly lifeMinutes: number
}

/** The wish for a rule; without an organisation it is for the default one. */
export interface CreateTrustRule extends RuleContent {
  readonly organization?: string | undefined
  readonly by: Origin
}

/** What is to change; what is left out stays. */
export interface ChangeTrustRule extends Partial<RuleContent> {
  readonly enabled?: boolean | undefined
  readonly by: Origin
}

/** Whether the actor decides whom an organisation trusts. A key for some namespaces only does not. */
export function decidesTrust(actor: Actor, organizationId: string): boolean {
  return actor.namespaces === undefined && mayIn(actor, 'admin', organizationId)
}

/**
 * Makes a rule.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND also for one that the caller does not administer, TRUST_RULE_EXISTS, RULE_BROKEN.
 */
export async function createTrustRule(
  { database, clock, config }: RuleDeps,
  { by, organization, ...input }: CreateTrustRule,
): Promise<TrustRuleRow> {
  const at = clock.now()
  const content = columnsOf(input)
  requireIssuer(input.issuer)
  requireNarrowRule(input.issuer, input.claims)
  return await database.db.transaction().execute(async (tx) => {
    const owner = await requireOrganization(tx, organization ?? DEFAULT_ORGANIZATION_ID, {
      actor: by.actor,
      multiTenant: config.multiTenancy.enabled,
    })
    const row = { ...content, id: newId(), organizationId: owner.id, createdAt: at, createdBy: by.actor.name, disabledAt: null }
    if (!(await insertTrustRule(tx, row))) throw nameTaken(input.name)
    await recordAudit(tx, { at, origin: by, action: 'trust_rule.create', object: input.name, details: detailsOf(row) })
    return { ...row, organization: owner.name }
  })
}

/**
 * Changes, disables or enables a rule. Keys that came from it end at once: they were given for what it said before.
 *
 * @throws {RegistryError} TRUST_RULE_NOT_FOUND also for one of an organisation that the caller does not administer, TRUST_RULE_EXISTS,
 *   RULE_BROKEN.
 */
export async function changeTrustRule(
  { database, clock }: RuleDeps,
  id: string,
  { by, enabled, ...input }: ChangeTrustRule,
): Promise<TrustRuleRow> {
  const at = clock.now()
  return await database.db.transaction().execute(async (tx) => {
    const rule = await requireRule(tx, id, { actor: by.actor, intent: 'change' })
    const changed = { ...rule, ...columnsOf(input), ...(enabled !== undefined && { disabledAt: enabled ? null : (rule.disabledAt ?? at) }) }
    requireIssuer(changed.issuer)
    requireNarrowRule(changed.issuer, input.claims ?? (JSON.parse(rule.claims) as ClaimPatterns))
    const { organization, ...row } = changed
    await updateOrRefuse(tx, id, row)
    const keys = await revokeKeysOfRule(tx, id, at)
    await recordAudit(tx, {
      at,
      origin: by,
      action: 'trust_rule.change',
      object: rule.name,
      details: { ...detailsOf(row), revoked_keys: keys },
    })
    return { ...row, organization }
  })
}

async function updateOrRefuse(tx: Db, id: string, row: Omit<TrustRuleRow, 'organization'>): Promise<void> {
  try {
    await updateTrustRule(tx, id, row)
  } catch (error) {
    throw isUniqueViolation(error) ? nameTaken(row.name, error) : error
  }
}

/**
 * Deletes a rule and every key that came from it.
 *
 * @throws {RegistryError} TRUST_RULE_NOT_FOUND
 */
export async function deleteTrustRule({ database, clock }: RuleDeps, id: string, by: Origin): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const rule = await requireRule(tx, id, { actor: by.actor, intent: 'delete' })
    await deleteTrustRuleRow(tx, id)
    await recordAudit(tx, { at, origin: by, action: 'trust_rule.delete', object: rule.name, details: detailsOf(rule) })
  })
}

/** @throws {RegistryError} TRUST_RULE_NOT_FOUND also for a rule that is not the caller's business. */
export async function requireRule(
  db: Db,
  id: string,
  { actor, intent }: { readonly actor: Actor; readonly intent: 'change' | 'delete' | 'show' },
): Promise<TrustRuleRow> {
  const rule = await findTrustRule(db, id)
  if (rule !== undefined && decidesTrust(actor, rule.organizationId)) return rule
  throw new RegistryError('TRUST_RULE_NOT_FOUND', `Cannot ${intent} the trust rule "${id}": there is no such rule`)
}

async function requireOrganization(
  tx: Db,
  idOrName: string,
  { actor, multiTenant }: { readonly actor: Actor; readonly multiTenant: boolean },
): Promise<{ id: string; name: string }> {
  const found = await findOrganization(tx, idOrName)
  if (found === undefined || !decidesTrust(actor, found.id)) {
    throw new RegistryError(
      'ORGANIZATION_NOT_FOUND',
      `Cannot use organisation "${idOrName}": there is no such organisation, or it is not yours`,
      {
        hint: 'Name an organisation that you administer',
      },
    )
  }
  if (multiTenant || found.id === DEFAULT_ORGANIZATION_ID) return found
  throw new RegistryError('RULE_BROKEN', `Cannot use organisation "${found.name}": this registry is for one organisation`, {
    hint: 'Leave it out, or set "multi_tenancy.enabled"',
  })
}

type Columns = Pick<TrustRuleRow, 'name' | 'issuer' | 'audience' | 'claims' | 'scopes' | 'namespaces' | 'lifeMinutes'>

function columnsOf(content: RuleContent): Columns
function columnsOf(content: Partial<RuleContent>): Partial<Columns>
function columnsOf({ claims, scopes, namespaces, ...plain }: Partial<RuleContent>): Partial<Columns> {
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined))
  return {
    ...given,
    ...(claims !== undefined && { claims: encodeJson(claims) }),
    ...(scopes !== undefined && { scopes: encodeJson(parseScopes(scopes)) }),
    ...(namespaces !== undefined && {
      namespaces: namespaces && encodeJson([...new Set(namespaces.map((name) => name.toLowerCase()))].sort()),
    }),
  }
}

function detailsOf({
  organizationId,
  issuer,
  audience,
  claims,
  scopes,
  namespaces,
  lifeMinutes,
  disabledAt,
}: Omit<TrustRuleRow, 'organization'>) {
  return {
    organization_id: organizationId,
    issuer,
    audience,
    claims: JSON.parse(claims) as unknown,
    scopes: JSON.parse(scopes) as unknown,
    namespaces: namespaces === null ? null : (JSON.parse(namespaces) as unknown),
    life_minutes: lifeMinutes,
    enabled: disabledAt === null,
  }
}

function nameTaken(name: string, cause?: unknown): RegistryError {
  return new RegistryError('TRUST_RULE_EXISTS', `Cannot name the trust rule "${name}": the organisation has another one of this name`, {
    hint: 'Use another name',
    cause,
  })
}
