import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import type { LeftOut } from '../selection/choice.ts'
import { type LeftOutSum, MAX_EXAMPLES } from '../selection/left-out.ts'

/** A run, and a provider of it as `namespace/type`. */
export interface OmissionOf {
  readonly mirrorId: string
  readonly jobId: string
  readonly provider: string
}

/** Writes down what a run leaves of a provider, in place of what it said before. */
export async function recordOmissions(tx: Db, { mirrorId, jobId, provider }: OmissionOf, leftOut: readonly LeftOut[]): Promise<void> {
  await tx.deleteFrom('mirrorRunOmissions').where('jobId', '=', jobId).where('provider', '=', provider).execute()
  if (leftOut.length === 0) return
  const rows = leftOut.map(({ examples, ...left }) => ({ id: newId(), mirrorId, jobId, provider, ...left, examples: encodeJson(examples) }))
  await tx.insertInto('mirrorRunOmissions').values(rows).execute()
}

/** What runs left out, by job. */
export async function sumOmissions(db: Db, jobIds: readonly string[]): Promise<ReadonlyMap<string, readonly LeftOutSum[]>> {
  if (jobIds.length === 0) return new Map()
  const [sums, examples] = await Promise.all([listSums(db, jobIds), listExamples(db, jobIds)])
  const named = Map.groupBy(examples, ({ jobId, reason }) => `${jobId} ${reason}`)
  const entries = sums.map(({ jobId, reason, providers, versions }) => {
    const rows = named.get(`${jobId} ${reason}`) ?? []
    const texts = rows.map((row) => ({ provider: row.provider, versions: decodeJson<string[]>(row.examples), why: row.why }))
    return { jobId, sum: { reason, providers: Number(providers), versions: Number(versions), examples: texts } }
  })
  return new Map([...Map.groupBy(entries, ({ jobId }) => jobId)].map(([jobId, of]) => [jobId, of.map(({ sum }) => sum)]))
}

function listSums(db: Db, jobIds: readonly string[]) {
  return db
    .selectFrom('mirrorRunOmissions')
    .select((eb) => ['jobId', 'reason', eb.fn.countAll<number>().as('providers'), eb.fn.sum<number>('versions').as('versions')])
    .where('jobId', 'in', jobIds)
    .groupBy(['jobId', 'reason'])
    .orderBy('reason')
    .execute()
}

function listExamples(db: Db, jobIds: readonly string[]) {
  return db
    .selectFrom((eb) =>
      eb
        .selectFrom('mirrorRunOmissions')
        .select(['jobId', 'reason', 'provider', 'examples', 'why'])
        .select(({ fn }) =>
          fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy(['jobId', 'reason']).orderBy('versions', 'desc').orderBy('provider'))
            .as('place'),
        )
        .where('jobId', 'in', jobIds)
        .as('o'),
    )
    .selectAll()
    .where('place', '<=', MAX_EXAMPLES)
    .orderBy('place')
    .execute()
}
