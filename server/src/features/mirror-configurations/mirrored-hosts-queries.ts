import type { Db } from '../../base/database/open-database.ts'

/** Host names of upstreams that have a mirror which is not paused. */
export async function listMirroredHosts(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('mirrorConfigurations').select('hostname').distinct().where('pausedAt', 'is', null).execute()
  return rows.map(({ hostname }) => hostname)
}
