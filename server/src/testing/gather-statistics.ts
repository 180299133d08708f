import { sql } from 'kysely'
import type { Database } from '../base/database/open-database.ts'

/** Has PostgreSQL look at its tables, as it does by itself when it runs for a while; without it, queries of large tables are planned blindly. */
export async function gatherStatistics({ db, dialect }: Pick<Database, 'db' | 'dialect'>): Promise<void> {
  if (dialect.name === 'postgresql') await sql`vacuum analyze`.execute(db)
}
