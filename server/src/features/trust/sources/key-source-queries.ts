import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../../base/database/open-database.ts'
import type { SigningKeySourcesTable } from '../../../base/database/tables/trust-tables.ts'

export type KeySourceRow = Selectable<SigningKeySourcesTable>

interface SourceName {
  readonly scope: string
  readonly url: string
}

/** What is known of every address that was ever asked or waits for it. */
export function listKeySourceRows(db: Db): Promise<KeySourceRow[]> {
  return db
    .selectFrom('signingKeySources')
    .select(['id', 'scope', 'url', 'nextAt', 'checkedAt', 'succeededAt', 'failure'])
    .orderBy('id')
    .execute()
}

/** Inserts the source unless it is there. */
export async function ensureKeySource(db: Db, row: Insertable<SigningKeySourcesTable>): Promise<void> {
  await db
    .insertInto('signingKeySources')
    .values(row)
    .onConflict((oc) => oc.columns(['scope', 'url']).doNothing())
    .execute()
}

/** Takes the source on until `nextAt`; `false` when its time has not come or another process was first. */
export async function takeKeySource(
  db: Db,
  { scope, url }: SourceName,
  { now, nextAt }: { readonly now: number; readonly nextAt: number },
): Promise<boolean> {
  const result = await db
    .updateTable('signingKeySources')
    .set({ nextAt })
    .where('scope', '=', scope)
    .where('url', '=', url)
    .where('nextAt', '<=', now)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Records how the last try went. */
export async function updateKeySource(
  db: Db,
  { scope, url }: SourceName,
  set: Partial<Pick<KeySourceRow, 'nextAt' | 'checkedAt' | 'succeededAt' | 'failure'>>,
): Promise<void> {
  await db.updateTable('signingKeySources').set(set).where('scope', '=', scope).where('url', '=', url).execute()
}
