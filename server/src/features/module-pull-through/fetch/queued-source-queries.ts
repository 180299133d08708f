import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'

/** Input of the latest job item with this key that has not ended. */
export async function findQueuedInput<Input>(
  db: Db,
  { kind, key }: { readonly kind: string; readonly key: string },
): Promise<Input | undefined> {
  const row = await db
    .selectFrom('downloadJobItems')
    .select('input')
    .where('key', '=', key)
    .where('kind', '=', kind)
    .where('state', 'in', ['pending', 'running'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && decodeJson<Input>(row.input)
}
