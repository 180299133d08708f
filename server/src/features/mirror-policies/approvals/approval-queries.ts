import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../../base/database/open-database.ts'
import type { MirrorApprovalDecisionsTable, MirrorApprovalRequestsTable } from '../../../base/database/tables/policy-tables.ts'
import type { ApprovedRequest } from '../decide/policy-types.ts'

export type ApprovalRequestRow = Selectable<MirrorApprovalRequestsTable>
export type ApprovalDecisionRow = Selectable<MirrorApprovalDecisionsTable>

/** What a list may be cut down to. */
export interface ApprovalFilter {
  /** Anything that is no state matches nothing. */
  readonly state?: string | undefined
}

function filtered(db: Db, { state }: ApprovalFilter) {
  const query = db.selectFrom('mirrorApprovalRequests')
  return state === undefined ? query : query.where('state', '=', state)
}

/** Requests, newest first. */
export function listApprovalRequests(
  db: Db,
  filter: ApprovalFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<ApprovalRequestRow[]> {
  return filtered(db, filter).selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute()
}

/** How many requests a filter finds. */
export async function countApprovalRequests(db: Db, filter: ApprovalFilter): Promise<number> {
  const { count } = await filtered(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The request of an id. */
export function findApprovalRequest(db: Db, id: string): Promise<ApprovalRequestRow | undefined> {
  return db.selectFrom('mirrorApprovalRequests').selectAll().where('id', '=', id).executeTakeFirst()
}

/** A request of the same kind for exactly the same that waits or was approved. */
export function findOpenRequest(
  db: Db,
  { kind, hostname, namespace, type, version }: ApprovedRequest,
): Promise<ApprovalRequestRow | undefined> {
  return db
    .selectFrom('mirrorApprovalRequests')
    .selectAll()
    .where('kind', '=', kind)
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .where('type', '=', type)
    .where('version', version === null ? 'is' : '=', version)
    .where('state', 'in', ['pending', 'approved'])
    .limit(1)
    .executeTakeFirst()
}

/** Every request that was approved. */
export async function listApproved(db: Db): Promise<ApprovedRequest[]> {
  const rows = await db
    .selectFrom('mirrorApprovalRequests')
    .select(['kind', 'hostname', 'namespace', 'type', 'version'])
    .where('state', '=', 'approved')
    .execute()
  return rows.map((row) => ({ ...row, kind: row.kind as ApprovedRequest['kind'] }))
}

/** Adds a request. */
export async function insertApprovalRequest(db: Db, row: Insertable<MirrorApprovalRequestsTable>): Promise<void> {
  await db.insertInto('mirrorApprovalRequests').values(row).execute()
}

/**
 * Counts one more approval of a request that waits, and holds the row until the end of the transaction, so that of two people who
 * approve at once the second one sees the first. Answers how many there are; `undefined` when it does not wait.
 */
export async function countApproval(db: Db, id: string): Promise<number | undefined> {
  const row = await db
    .updateTable('mirrorApprovalRequests')
    .set((eb) => ({ approvals: eb('approvals', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .returning('approvals')
    .executeTakeFirst()
  return row?.approvals
}

/** Ends a request that is in one of these states; `false` when it is in another one. */
export async function settleRequest(
  db: Db,
  id: string,
  { from, state, decidedAt }: { readonly from: readonly string[]; readonly state: string; readonly decidedAt: number },
): Promise<boolean> {
  const result = await db
    .updateTable('mirrorApprovalRequests')
    .set({ state, decidedAt })
    .where('id', '=', id)
    .where('state', 'in', from)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** `false` when the same person has decided the same before. */
export async function insertDecision(db: Db, row: Insertable<MirrorApprovalDecisionsTable>): Promise<boolean> {
  const result = await db
    .insertInto('mirrorApprovalDecisions')
    .values(row)
    .onConflict((oc) => oc.columns(['requestId', 'decision', 'actorKey']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Who decided what about these requests, in the order of time. */
export function listDecisions(db: Db, requestIds: readonly string[]): Promise<ApprovalDecisionRow[]> {
  return db
    .selectFrom('mirrorApprovalDecisions')
    .selectAll()
    .where('requestId', 'in', requestIds.length > 0 ? requestIds : [''])
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
}
