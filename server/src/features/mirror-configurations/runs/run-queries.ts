import type { Insertable, Selectable } from 'kysely'
import type { UnixMs } from '../../../base/clock.ts'
import type { MirrorSyncHistoryTable } from '../../../base/database/mirror-schema.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** One run of a mirror. */
export type RunRow = Selectable<MirrorSyncHistoryTable>

/** Who may start a run: whoever has seen the number of the last one, and in the schedule only when it is due. */
export interface RunClaim {
  readonly id: string
  readonly runNumber: number
  readonly nextRunAt: UnixMs
  /** Only a mirror that is not paused and due at this time. */
  readonly dueAt?: UnixMs
}

/**
 * Takes the next run of a mirror. `false` when somebody else has taken it, when one is under way, or when it is not due. Two that
 * try at the same moment change the same row one after the other, and the second finds another number (reliability.md F28).
 */
export async function claimRun(tx: Db, { id, runNumber, nextRunAt, dueAt }: RunClaim): Promise<boolean> {
  let claim = tx
    .updateTable('mirrorConfigurations')
    .set({ runNumber: runNumber + 1, nextRunAt })
    .where('id', '=', id)
    .where('runNumber', '=', runNumber)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('downloadJobs as j')
            .select('j.id')
            .whereRef('j.id', '=', 'mirrorConfigurations.currentJobId')
            .where('j.state', 'in', ['pending', 'running']),
        ),
      ),
    )
  if (dueAt !== undefined) claim = claim.where('pausedAt', 'is', null).where('nextRunAt', '<=', dueAt)
  return (await claim.executeTakeFirst()).numUpdatedRows === 1n
}

/** The mirror whose run a job was; `undefined` when it was none, or the mirror is gone. */
export async function findMirrorOfRun(tx: Db, jobId: string): Promise<{ readonly id: string; readonly name: string } | undefined> {
  return await tx
    .selectFrom('mirrorSyncHistory as h')
    .innerJoin('mirrorConfigurations as m', 'm.id', 'h.mirrorId')
    .select(['m.id', 'm.name'])
    .where('h.jobId', '=', jobId)
    .executeTakeFirst()
}

/**
 * Makes an ended run the current one again, unless another is under way. The number counts on, so that of a retry and a new run at
 * the same moment one finds another number.
 */
export async function reclaimRun(tx: Db, { mirrorId, jobId }: { readonly mirrorId: string; readonly jobId: string }): Promise<boolean> {
  const result = await tx
    .updateTable('mirrorConfigurations')
    .set((eb) => ({ currentJobId: jobId, runNumber: eb('runNumber', '+', 1) }))
    .where('id', '=', mirrorId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('downloadJobs as j')
            .select('j.id')
            .whereRef('j.id', '=', 'mirrorConfigurations.currentJobId')
            .where('j.id', '!=', jobId)
            .where('j.state', 'in', ['pending', 'running']),
        ),
      ),
    )
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Ids of the mirrors whose time has come, the most overdue first. */
export async function listDueMirrors(db: Db, now: UnixMs): Promise<string[]> {
  const rows = await db
    .selectFrom('mirrorConfigurations')
    .select('id')
    .where('pausedAt', 'is', null)
    .where('nextRunAt', '<=', now)
    .orderBy('nextRunAt')
    .limit(100)
    .execute()
  return rows.map(({ id }) => id)
}

/** Writes down that a run has begun. */
export async function insertRun(tx: Db, row: Insertable<MirrorSyncHistoryTable>): Promise<void> {
  await tx.insertInto('mirrorSyncHistory').values(row).execute()
  await tx.updateTable('mirrorConfigurations').set({ currentJobId: row.jobId }).where('id', '=', row.mirrorId).execute()
}

/** Runs of a mirror, newest first. */
export function listRuns(db: Db, mirrorId: string, page: { readonly limit: number; readonly offset: number }): Promise<RunRow[]> {
  return db
    .selectFrom('mirrorSyncHistory')
    .selectAll()
    .where('mirrorId', '=', mirrorId)
    .orderBy('runNumber', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** How many runs a mirror has had. */
export async function countRuns(db: Db, mirrorId: string): Promise<number> {
  const { count } = await db
    .selectFrom('mirrorSyncHistory')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('mirrorId', '=', mirrorId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Versions that runs of a mirror have seen, and those they took. */
export async function countVersions(db: Db, mirrorId: string): Promise<{ seen: number; brought: number }> {
  const { seen, brought } = await db
    .selectFrom('mirroredProviderVersions')
    .select((eb) => [eb.fn.countAll<number>().as('seen'), eb.fn.count<number>('jobId').as('brought')])
    .where('mirrorId', '=', mirrorId)
    .executeTakeFirstOrThrow()
  return { seen: Number(seen), brought: Number(brought) }
}

/** A run whose job has ended, while its row does not say so yet. */
export interface EndedRun {
  readonly id: string
  readonly mirrorId: string
  readonly jobId: string
  readonly state: string
  readonly runNumber: number
  readonly finishedAt: UnixMs
}

/** Runs whose job ended, or ended again after a retry, since they were written. */
export async function listEndedRuns(db: Db, mirrorId?: string): Promise<EndedRun[]> {
  let query = db
    .selectFrom('mirrorSyncHistory as r')
    .innerJoin('downloadJobs as j', 'j.id', 'r.jobId')
    .select(['r.id', 'r.mirrorId', 'r.jobId', 'r.runNumber', 'j.state', 'j.finishedAt'])
    .where('j.state', 'in', ['completed', 'failed', 'cancelled'])
    .where(({ eb, or }) => or([eb('r.finishedAt', 'is', null), eb('r.finishedAt', '!=', eb.ref('j.finishedAt'))]))
    .orderBy('r.runNumber')
    .limit(100)
  if (mirrorId !== undefined) query = query.where('r.mirrorId', '=', mirrorId)
  return (await query.execute()).map(({ finishedAt, ...run }) => ({ ...run, finishedAt: finishedAt ?? 0 }))
}

/** How the run before a run ended; `undefined` for the first one. */
export async function findStateBefore(
  db: Db,
  { mirrorId, runNumber }: Pick<EndedRun, 'mirrorId' | 'runNumber'>,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('mirrorSyncHistory')
    .select('state')
    .where('mirrorId', '=', mirrorId)
    .where('runNumber', '<', runNumber)
    .where('finishedAt', 'is not', null)
    .orderBy('runNumber', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.state
}

/** What came of the items of a job: of one kind, or of all, by state and error. */
export function sumItems(db: Db, jobId: string) {
  return db
    .selectFrom('downloadJobItems')
    .select((eb) => [
      'kind',
      'state',
      'errorCode',
      eb.fn.countAll<number>().as('count'),
      eb.fn.sum<number>('bytesDone').as('bytes'),
      eb.fn.min('errorMessage').as('message'),
    ])
    .where('jobId', '=', jobId)
    .groupBy(['kind', 'state', 'errorCode'])
    .execute()
}

/** Writes how a run ended. `false` when somebody else has written the same. */
export async function finishRun(
  tx: Db,
  {
    id,
    finishedAt,
    ...result
  }: Pick<RunRow, 'id' | 'state' | 'packages' | 'fetched' | 'failed' | 'bytes' | 'errors'> & { readonly finishedAt: UnixMs },
): Promise<boolean> {
  const update = await tx
    .updateTable('mirrorSyncHistory')
    .set({ ...result, finishedAt })
    .where('id', '=', id)
    .where(({ eb, or }) => or([eb('finishedAt', 'is', null), eb('finishedAt', '!=', finishedAt)]))
    .executeTakeFirst()
  return update.numUpdatedRows === 1n
}
