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

/**
 * Downloads so far of the versions of modules, by version; versions that were never downloaded are missing. Asked for by module:
 * a page of modules may have more versions than a statement may have parameters.
 */
export async function sumDownloads(db: Db, moduleIds: readonly string[]): Promise<Map<string, number>> {
  if (moduleIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('moduleVersionDownloads as d')
    .innerJoin('moduleVersions as v', 'v.id', 'd.versionId')
    .select((eb) => ['d.versionId', eb.fn.sum<number | string>('d.count').as('total')])
    .where('v.moduleId', 'in', moduleIds)
    .groupBy('d.versionId')
    .execute()
  return new Map(rows.map((row) => [row.versionId, Number(row.total)]))
}

/** Downloads of these versions together, out of what `sumDownloads` answers. */
export function totalDownloads(counts: ReadonlyMap<string, number>, versions: readonly { readonly id: string }[]): number {
  return versions.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0)
}
