import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor, Origin, ScopeText } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { mayIn, organizationsWhere } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { parseNamespaceName } from './namespace-names.ts'
import { findNamespace, insertNamespace, type NamespaceRow } from './namespace-queries.ts'

/** Somebody's wish to change what is in a namespace. */
export interface NamespaceChange {
  /** In any case. */
  readonly namespace: string
  readonly by: Origin
  /** What they need in the organisation of the namespace: `modules:write`. */
  readonly scope: ScopeText
}

/**
 * Refuses whoever may not publish in the namespace, before anything large is read or written. A namespace that nobody has is fine
 * for whoever could claim it.
 *
 * @throws {RegistryError} SCOPE_MISSING, NAMESPACE_TAKEN (deleted), RULE_BROKEN (the name, or which organisation is open)
 */
export async function requireMayPublish(db: Db, change: NamespaceChange): Promise<void> {
  const row = await findNamespace(db, change.namespace.toLowerCase())
  if (row !== undefined) requireWritable(row, change)
  else chooseOwner(change)
}

/**
 * Makes sure that the namespace exists and that the publisher may change it; the first to publish in a free one claims it for
 * their organisation. Part of the publishing transaction, so that of two who claim at once one is refused; late in it, because a
 * claim writes to the audit, and whoever locks something after that can wait in a circle.
 *
 * @throws {RegistryError} as `requireMayPublish`
 */
export async function claimNamespace(tx: Db, { at, ...change }: NamespaceChange & { readonly at: UnixMs }): Promise<void> {
  const row = await findNamespace(tx, change.namespace.toLowerCase())
  if (row !== undefined) {
    requireWritable(row, change)
    return
  }
  const organizationId = chooseOwner(change)
  const name = parseNamespaceName(change.namespace)
  const { by } = change
  const inserted = await insertNamespace(tx, {
    id: newId(),
    name,
    organizationId,
    visibility: 'public',
    createdAt: at,
    createdBy: by.actor.name,
    deletedAt: null,
  })
  if (inserted) {
    await recordAudit(tx, { at, origin: by, action: 'namespace.claim', object: name, details: { organization_id: organizationId } })
    return
  }
  const winner = await findNamespace(tx, name)
  if (winner !== undefined) requireWritable(winner, change)
}

/**
 * Refuses whoever may not change what is in an existing namespace.
 *
 * @throws {RegistryError} SCOPE_MISSING, NAMESPACE_TAKEN (deleted)
 */
export function requireWritable(row: NamespaceRow, { namespace, by: { actor }, scope }: NamespaceChange): void {
  if (row.deletedAt !== null) throw namespaceDeleted(row.name)
  requireNamespaceOfKey(actor, namespace)
  if (mayIn(actor, scope, row.organizationId)) return
  throw new RegistryError('SCOPE_MISSING', `Cannot change namespace "${row.name}": "${actor.name}" lacks "${scope}" in its organisation`, {
    hint: 'Ask an administrator of the organisation for a role, or use another namespace',
    detail: { scope },
  })
}

function chooseOwner({ namespace, by: { actor }, scope }: NamespaceChange): string {
  parseNamespaceName(namespace)
  requireNamespaceOfKey(actor, namespace)
  const organizations = organizationsWhere(actor, scope)
  if (organizations === 'all') return DEFAULT_ORGANIZATION_ID
  const [only, ...others] = organizations
  if (only !== undefined && others.length === 0) return only
  if (only === undefined) {
    throw new RegistryError('SCOPE_MISSING', `Cannot claim namespace "${namespace}": "${actor.name}" lacks "${scope}"`, {
      hint: 'Ask an administrator of your organisation for a role that publishes',
      detail: { scope },
    })
  }
  throw new RegistryError('RULE_BROKEN', `Cannot claim namespace "${namespace}": "${actor.name}" publishes for several organisations`, {
    hint: 'Say whose it is first: POST /api/v1/namespaces with "name" and "organization", or use a key of one organisation',
  })
}

function requireNamespaceOfKey(actor: Actor, namespace: string): void {
  const allowed = actor.namespaces
  if (allowed === undefined || allowed.includes(namespace.toLowerCase())) return
  throw new RegistryError('SCOPE_MISSING', `Cannot change namespace "${namespace}": the key of "${actor.name}" is for others`, {
    hint: `The key is for ${allowed.join(', ') || 'no namespace'}`,
    detail: { namespaces: allowed },
  })
}

/** A deleted namespace is never given to anybody else: its addresses may still be in somebody's configuration. */
export function namespaceDeleted(name: string): RegistryError {
  return new RegistryError('NAMESPACE_TAKEN', `Cannot use namespace "${name}": it was deleted, and its name stays taken`, {
    hint: 'Use another name',
  })
}
