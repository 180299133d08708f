import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import { notify } from '../../notifications/index.ts'
import type { ApprovedRequest } from '../decide/policy-types.ts'
import type { MirrorPolicyDeps } from '../mirror-policy-deps.ts'
import {
  type ApprovalRequestRow,
  countApproval,
  findApprovalRequest,
  findOpenRequest,
  insertApprovalRequest,
  insertDecision,
  settleRequest,
} from './approval-queries.ts'

type ApprovalDeps = Pick<MirrorPolicyDeps, 'database' | 'clock' | 'config'>

/** Somebody's wish for an exception. */
export interface RequestApproval {
  readonly kind: ApprovedRequest['kind']
  readonly subject: ProviderAddress & { readonly version: string | undefined }
  readonly reason: string
  readonly by: Origin
}

/** What somebody says about a request. */
export interface DecideApproval {
  readonly by: Origin
  readonly reason: string
}

/**
 * Asks for an exception. Answers the id of the request, which waits for as many people as `mirror.approvals_needed` says now.
 *
 * @throws {RegistryError} MIRROR_APPROVAL_EXISTS when the same waits already or was approved.
 */
export async function requestApproval(deps: ApprovalDeps, wish: RequestApproval): Promise<string> {
  return await deps.database.db.transaction().execute(async (tx) => {
    const row = await insertRequest(deps, tx, wish)
    await tellApprovers(tx, row)
    await recordRequest(tx, row, { by: wish.by, action: 'mirror_approval.request' })
    return row.id
  })
}

/**
 * Lets a version in before its cool-down is over: at once, or, where two people are needed, as a request that others approve.
 *
 * @throws {RegistryError} MIRROR_APPROVAL_EXISTS
 */
export async function overrideCoolDown(deps: ApprovalDeps, wish: Omit<RequestApproval, 'kind'>): Promise<string> {
  return await deps.database.db.transaction().execute(async (tx) => {
    const row = await insertRequest(deps, tx, { ...wish, kind: 'cool_down' })
    if (row.needed === 1) await approve(tx, row, { by: wish.by, reason: wish.reason, at: row.createdAt })
    else await tellApprovers(tx, row)
    await recordRequest(tx, row, { by: wish.by, action: 'mirror_cool_down.override' })
    await bumpCatalogRevision(tx)
    return row.id
  })
}

/**
 * Approves a request; with the last approval that it needs, it counts.
 *
 * @throws {RegistryError} MIRROR_APPROVAL_NOT_FOUND; MIRROR_APPROVAL_DECIDED when it does not wait, or the caller asked for it or has
 *   approved it already and two people are needed.
 */
export async function approveRequest({ database, clock }: ApprovalDeps, id: string, { by, reason }: DecideApproval): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const row = await requireApproval(tx, id, 'approve')
    if (row.needed > 1 && isRequester(row, by.actor)) throw undecidable(row, 'approve', 'nobody approves what they asked for')
    const approvals = await approve(tx, row, { by, reason, at })
    const details = { ...detailsOf(row), comment: reason, approvals, needed: row.needed }
    await recordAudit(tx, { at, origin: by, action: 'mirror_approval.approve', object: nameOfRequest(row), details })
    await bumpCatalogRevision(tx)
  })
}

/**
 * Rejects a request that waits, or takes an approval back.
 *
 * @throws {RegistryError} MIRROR_APPROVAL_NOT_FOUND, MIRROR_APPROVAL_DECIDED when it was rejected before.
 */
export async function rejectRequest({ database, clock }: ApprovalDeps, id: string, { by, reason }: DecideApproval): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const row = await requireApproval(tx, id, 'reject')
    const settled = await settleRequest(tx, id, { from: ['pending', 'approved'], state: 'rejected', decidedAt: at })
    if (!settled) throw undecidable(row, 'reject', `it is ${row.state}`)
    await insertDecision(tx, decisionOf(row, 'reject', { by, reason, at }))
    const details = { ...detailsOf(row), comment: reason, was: row.state }
    await recordAudit(tx, { at, origin: by, action: 'mirror_approval.reject', object: nameOfRequest(row), details })
    await bumpCatalogRevision(tx)
  })
}

/** @throws {RegistryError} MIRROR_APPROVAL_NOT_FOUND */
export async function requireApproval(db: Db, id: string, intent: 'approve' | 'reject' | 'show'): Promise<ApprovalRequestRow> {
  const row = await findApprovalRequest(db, id)
  if (row !== undefined) return row
  throw new RegistryError('MIRROR_APPROVAL_NOT_FOUND', `Cannot ${intent} approval request "${id}": there is no such request`, {
    hint: 'The requests are listed at /api/v1/admin/mirror-approvals',
  })
}

async function insertRequest({ clock, config }: ApprovalDeps, tx: Db, { kind, subject, reason, by }: RequestApproval) {
  const { hostname, namespace, type, version = null } = subject
  const about = { kind, hostname, namespace, type, version }
  const open = await findOpenRequest(tx, about)
  if (open !== undefined) throw alreadyAsked(open)
  const row: ApprovalRequestRow = {
    ...about,
    id: newId(),
    state: 'pending',
    reason,
    requestedBy: by.actor.name,
    requestedById: by.actor.id,
    createdAt: clock.now(),
    needed: config.mirror.approvalsNeeded,
    approvals: 0,
    decidedAt: null,
  }
  await insertApprovalRequest(tx, row)
  return row
}

interface Decision extends DecideApproval {
  readonly at: number
}

/** Answers how many have approved now. */
async function approve(tx: Db, row: ApprovalRequestRow, decision: Decision): Promise<number> {
  const approvals = await countApproval(tx, row.id)
  if (approvals === undefined) throw undecidable(row, 'approve', 'it does not wait any more')
  if (!(await insertDecision(tx, decisionOf(row, 'approve', decision)))) throw undecidable(row, 'approve', 'you have approved it already')
  if (approvals >= row.needed) await settleRequest(tx, row.id, { from: ['pending'], state: 'approved', decidedAt: decision.at })
  return approvals
}

function decisionOf({ id }: ApprovalRequestRow, decision: 'approve' | 'reject', { by: { actor }, reason, at }: Decision) {
  return { id: newId(), requestId: id, decision, actorKey: keyOf(actor), actorName: actor.name, reason, createdAt: at }
}

/** A person is one, whichever of their keys they use. */
function keyOf({ id, name }: Actor): string {
  return id ?? `name:${name}`
}

function isRequester({ requestedBy, requestedById }: ApprovalRequestRow, { id, name }: Actor): boolean {
  return requestedById === null ? requestedBy === name : requestedById === id
}

function tellApprovers(tx: Db, row: ApprovalRequestRow): Promise<void> {
  const subject = nameOfRequest(row)
  return notify(tx, {
    at: row.createdAt,
    kind: 'approval_requested',
    subject,
    message: `"${row.requestedBy}" asks for "${subject}": ${row.reason}`,
    hint: `Decide: terrace mirror approval approve ${row.id}, or reject`,
    dedupeKey: row.id,
  })
}

async function recordRequest(tx: Db, row: ApprovalRequestRow, { by, action }: { readonly by: Origin; readonly action: string }) {
  await recordAudit(tx, { at: row.createdAt, origin: by, action, object: nameOfRequest(row), details: detailsOf(row) })
}

function detailsOf({ id, kind, reason, requestedBy }: ApprovalRequestRow) {
  return { request_id: id, kind, reason, requested_by: requestedBy }
}

function nameOfRequest(row: ApprovalRequestRow): string {
  return row.version === null ? formatProviderAddress(row) : `${formatProviderAddress(row)} ${row.version}`
}

function alreadyAsked(open: ApprovalRequestRow): RegistryError {
  return new RegistryError(
    'MIRROR_APPROVAL_EXISTS',
    `Cannot ask for "${nameOfRequest(open)}": there is a request already, it is ${open.state}`,
    {
      hint: 'See it with: terrace mirror approval list',
      detail: { id: open.id, state: open.state },
    },
  )
}

function undecidable(row: ApprovalRequestRow, intent: 'approve' | 'reject', state: string): RegistryError {
  return new RegistryError('MIRROR_APPROVAL_DECIDED', `Cannot ${intent} "${nameOfRequest(row)}": ${state}`, {
    hint: row.needed > 1 ? 'Two other people than the one who asked must approve' : 'Ask again with a new request',
  })
}
