import type { Db } from '../database/open-database.ts'

/** The recorded check value; `undefined` before the first start has recorded one. */
export async function findEncryptionKeyCheck(db: Db): Promise<string | undefined> {
  const row = await db.selectFrom('systemSettings').select('encryptionKeyCheck').where('id', '=', 'system').executeTakeFirst()
  return row?.encryptionKeyCheck ?? undefined
}

/** Records the check value unless there is one. */
export async function recordEncryptionKeyCheck(db: Db, check: string): Promise<void> {
  await db
    .updateTable('systemSettings')
    .set({ encryptionKeyCheck: check })
    .where('id', '=', 'system')
    .where('encryptionKeyCheck', 'is', null)
    .execute()
}
