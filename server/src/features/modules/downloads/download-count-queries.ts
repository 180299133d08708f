import type { Db } from '../../../base/database/open-database.ts'

/** Adds downloads of a version on a day (`2026-01-31`). */
export async function addDownloads(db: Db, row: { versionId: string; day: string; count: number }): Promise<void> {
  await db
    .insertInto('moduleVersionDownloads')
    .values(row)
    .onConflict((oc) =>
      oc.columns(['versionId', 'day']).doUpdateSet((eb) => ({ count: eb('moduleVersionDownloads.count', '+', row.count) })),
    )
    .execute()
}

/** Downloads so far, by version; versions that were never downloaded are missing. */
export async function sumDownloads(db: Db, versionIds: readonly string[]): Promise<Map<string, number>> {
  if (versionIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('moduleVersionDownloads')
    .select((eb) => ['versionId', eb.fn.sum<number | string>('count').as('total')])
    .where('versionId', 'in', versionIds)
    .groupBy('versionId')
    .execute()
  return new Map(rows.map((row) => [row.versionId, Number(row.total)]))
}
