import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createLogger } from '@terrace/server/base/logger.ts'
import { loadConfig } from '@terrace/server/config/load-config.ts'
import { sweep } from '@terrace/server/jobs.ts'
import { openDeps } from '@terrace/server/open-deps.ts'

/** Lets the leases of a dead process run out, as they do by themselves after half a minute. Others may be at work on the data. */
export function expireLeases(dataDir: string): void {
  withDatabase(dataDir, (database) => {
    database.exec(
      "update object_claims set expires_at = 0; update download_job_items set run_after = 0 where state in ('pending', 'running')",
    )
  })
}

/** Runs the sweeper of the product on the data of a stopped server, as if the grace time had passed. */
export async function sweepDataFolder(dataDir: string): Promise<void> {
  expireLeases(dataDir)
  const { config } = await loadConfig({ env: { TFR_DATA_DIR: dataDir } })
  const { deps, close } = await openDeps(config, createLogger({ ...config.logging, level: 'error', output: 'stderr' }))
  try {
    await sweep(deps, { graceMs: 0 })
  } finally {
    await close()
  }
}

/** What lies in the data folder of a stopped, swept server and should not, and what should and does not. */
export function findLeftovers(dataDir: string): string[] {
  const stored = filesBelow(join(dataDir, 'storage'))
  const temporary = filesBelow(join(dataDir, 'tmp')).map((name) => `leaked: tmp/${name}`)
  return withDatabase(dataDir, (database) => {
    const column = (sql: string): string[] =>
      database
        .prepare(sql)
        .all()
        .map((row) => String(Object.values(row)[0]))
    const owned = new Set(column('select storage_key from provider_platforms where deleted_at is null'))
    return [
      ...temporary,
      ...stored.filter((key) => !owned.has(key)).map((key) => `leaked: storage/${key}`),
      ...[...owned].filter((key) => !stored.includes(key)).map((key) => `lost: object ${key}`),
      ...column('select key from object_claims').map((key) => `leaked: claim of ${key}`),
      ...column('pragma foreign_key_check').map((table) => `corrupt: a row of ${table} refers to nothing`),
      ...column('pragma integrity_check').flatMap((text) => (text === 'ok' ? [] : [`corrupt: ${text}`])),
    ]
  })
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => statSync(join(folder, name)).isFile())
}

function withDatabase<T>(dataDir: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(dataDir, 'terrace.db'), { timeout: 5_000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}
