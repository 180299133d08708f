import type { Insertable } from 'kysely'
import type { Db } from '../../../base/database/open-database.ts'
import type { AuditLogsTable } from '../../../base/database/schema.ts'
import { AUDIT_COLUMNS, type AuditRow } from '../audit-queries.ts'
import type { ChainPoint } from './row-hash.ts'

/** The end of the chain as it is recorded beside the rows. */
export interface ChainHead {
  /** 0 before the first row. */
  readonly sequence: number
  readonly hash: string | null
  readonly seal: string | null
}

const HEAD_COLUMNS = ['auditSequence as sequence', 'auditHeadHash as hash', 'auditHeadSeal as seal'] as const

/**
 * Takes the chain for this transaction: others that append wait. It is the row of the catalog revision, so that a transaction that
 * does both needs one lock.
 * @returns the head, and the highest sequence there is; more than the head's only when somebody else has written rows.
 */
export function lockChainHead(tx: Db): Promise<ChainHead & { lastSequence: number | null }> {
  return tx
    .updateTable('systemSettings')
    .set((eb) => ({ auditSequence: eb.ref('auditSequence') }))
    .where('id', '=', 'system')
    .returning(HEAD_COLUMNS)
    .returning((eb) =>
      eb
        .selectFrom('auditLogs')
        .select(({ fn }) => fn.max('auditLogs.sequence').as('last'))
        .as('lastSequence'),
    )
    .executeTakeFirstOrThrow()
}

/** The head of the last commit. */
export function readChainHead(db: Db): Promise<ChainHead> {
  return db.selectFrom('systemSettings').select(HEAD_COLUMNS).where('id', '=', 'system').executeTakeFirstOrThrow()
}

/** Records the new end; the lock is held. */
export async function moveChainHead(tx: Db, { sequence, hash, seal }: ChainPoint & { readonly seal: string }): Promise<void> {
  const set = { auditSequence: sequence, auditHeadHash: hash, auditHeadSeal: seal }
  await tx.updateTable('systemSettings').set(set).where('id', '=', 'system').execute()
}

/** Appends rows in one statement. There is no function that changes or removes one. */
export async function insertAuditRows(tx: Db, rows: readonly Insertable<AuditLogsTable>[]): Promise<void> {
  await tx.insertInto('auditLogs').values(rows).execute()
}

/** The row with the highest sequence. */
export function findLastRow(db: Db): Promise<AuditRow | undefined> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where('sequence', 'is not', null)
    .orderBy('sequence', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Rows behind a place in the order of the chain, up to and with `last`. */
export function listChainRows(
  db: Db,
  {
    after,
    last,
    limit,
  }: { readonly after: { readonly sequence: number; readonly id: string }; readonly last: number; readonly limit: number },
): Promise<AuditRow[]> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where((eb) => eb.or([eb('sequence', '>', after.sequence), eb.and([eb('sequence', '=', after.sequence), eb('id', '>', after.id)])]))
    .where('sequence', '>=', after.sequence)
    .where('sequence', '<=', last)
    .orderBy('sequence')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** A row that stands behind the end of the chain, judged in one statement: the chain may grow at any time. */
export function findRowBehindHead(db: Db): Promise<AuditRow | undefined> {
  return db
    .selectFrom('auditLogs')
    .select(AUDIT_COLUMNS)
    .where('sequence', '>', (eb) => eb.selectFrom('systemSettings').select('auditSequence').where('id', '=', 'system'))
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst()
}

/** Whether a row with this hash is there. Reads the whole table: for explaining what was found, once. */
export async function hasRowWithHash(db: Db, hash: string): Promise<boolean> {
  return (await db.selectFrom('auditLogs').select('id').where('hash', '=', hash).limit(1).executeTakeFirst()) !== undefined
}

/** Number of rows from before there was a chain. */
export async function countUnchainedRows(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('auditLogs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('sequence', 'is', null)
    .executeTakeFirstOrThrow()
  return count
}
