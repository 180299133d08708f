import type { UnixMs } from '../../../base/clock.ts'
import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { hasScope } from '../../access/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { type ApiKeyRow, findApiKey, updateApiKey } from './api-key-queries.ts'
import {
  formatEnd,
  keyNotFound,
  managesKey,
  namespacesOf,
  normaliseNamespaces,
  ownsKey,
  requireFuture,
  requireScopesOf,
} from './key-access.ts'

/** What is to change; what is left out stays. */
export interface ChangeApiKey {
  readonly id: string
  readonly name?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** `null`: never. */
  readonly expiresAt?: UnixMs | null | undefined
  /** `null`: no restriction. */
  readonly namespaces?: readonly string[] | null | undefined
  readonly origin: Origin
}

/**
 * Changes a key; acts with its next request. Its owner may, signed in, and whoever manages users. Nobody adds a scope that they do
 * not hold themselves, and an API key as caller only takes away: else a stolen one could prolong or widen itself or another.
 *
 * @throws {RegistryError} API_KEY_NOT_FOUND also for a key that the caller may not change, SCOPE_MISSING, RULE_BROKEN.
 */
export async function changeApiKey({ database, clock }: Pick<AccountDeps, 'database' | 'clock'>, input: ChangeApiKey): Promise<ApiKeyRow> {
  const { id, origin } = input
  const { actor } = origin
  const at = clock.now()
  return await database.db.transaction().execute(async (tx) => {
    const key = await findChangeableKey(tx, input)
    const changed = { ...key, ...changesOf(key, input, at) }
    if (actor.kind !== 'session') requireLess(actor, key, changed)
    if (!(await updateApiKey(tx, id, columnsOf(key, changed)))) throw keyNotFound(id, 'change')
    await recordAudit(tx, { at, origin, action: 'api_key.change', object: key.name, details: detailsOf(changed) })
    return changed
  })
}

async function findChangeableKey(tx: Db, { id, origin: { actor } }: ChangeApiKey): Promise<ApiKeyRow> {
  const key = await findApiKey(tx, id)
  if (key === undefined || !(ownsKey(actor, key) || managesKey(actor, key))) throw keyNotFound(id, 'change')
  if (key.kind === 'ci') throw pipelineKey(key)
  return key
}

function columnsOf(before: ApiKeyRow, { name, scopes, namespaces, expiresAt }: ApiKeyRow) {
  // A key with another end is warned about again.
  return { name, scopes, namespaces, expiresAt, ...(expiresAt !== before.expiresAt && { expiryNotificationSentAt: null }) }
}

function detailsOf(key: ApiKeyRow) {
  const { name, prefix, scopes, expiresAt } = key
  return { name, prefix, scopes: decodeJson<string[]>(scopes), namespaces: namespacesOf(key), expires_at: formatEnd(expiresAt) }
}

type Changes = Partial<Pick<ApiKeyRow, 'name' | 'scopes' | 'namespaces' | 'expiresAt'>>

function changesOf(key: ApiKeyRow, { origin, ...input }: ChangeApiKey, now: UnixMs): Changes {
  const { name, expiresAt, namespaces } = input
  if (expiresAt !== undefined) requireFuture(key.name, expiresAt, now)
  const held = decodeJson<string[]>(key.scopes)
  const scopes = input.scopes && requireScopesOf(origin.actor, input.scopes, { organizationId: key.organizationId, held })
  const names = namespaces === undefined ? undefined : normaliseNamespaces(namespaces)
  return {
    ...(name !== undefined && { name }),
    ...(scopes !== undefined && { scopes: encodeJson(scopes) }),
    ...(names !== undefined && { namespaces: names && encodeJson(names) }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function requireLess(actor: Actor, before: ApiKeyRow, after: ApiKeyRow): void {
  const held = decodeJson<string[]>(before.scopes)
  const wider = decodeJson<string[]>(after.scopes).some((scope) => !hasScope(held, scope as `${string}:${string}`))
  const longer = (after.expiresAt ?? Number.POSITIVE_INFINITY) > (before.expiresAt ?? Number.POSITIVE_INFINITY)
  if (!wider && !longer && !isOpener(namespacesOf(before), namespacesOf(after))) return
  throw new RegistryError(
    'SCOPE_MISSING',
    `Cannot change the API key "${before.name}": "${actor.name}" is an API key and may only take away`,
    {
      hint: 'Sign in to give a key more scopes, more namespaces or more time',
    },
  )
}

function isOpener(before: readonly string[] | null, after: readonly string[] | null): boolean {
  return before !== null && (after === null || after.some((name) => !before.includes(name)))
}

function pipelineKey({ name }: ApiKeyRow): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot change the API key "${name}": it belongs to a pipeline and ends by itself`, {
    hint: 'Change its trust rule, or revoke the key',
  })
}
