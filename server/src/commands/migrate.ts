import { parseArgs } from 'node:util'
import { type Database, openDatabase } from '../base/database/open-database.ts'
import { createLogger } from '../base/logger.ts'
import { loadConfig } from '../config/load-config.ts'

const HELP = `Usage: terrace migrate [up|status] [--config FILE]

Examples:
  terrace migrate
  terrace migrate status
  terrace migrate up --config /etc/terrace/terrace.hcl

up       brings the database schema up to date (the default); safe while other processes do the same
status   lists the migrations and which of them are applied; exit code 1 when one is missing
"terrace serve" migrates by itself when it starts.
`

/** `terrace migrate`. */
export async function migrateCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const action = positionals[0] ?? 'up'
  if (values.help || !['up', 'status'].includes(action)) {
    process.stdout.write(HELP)
    return values.help ? 0 : 2
  }
  const { config } = await loadConfig({ file: values.config })
  const database = openDatabase({ ...config.database, logger: createLogger({ ...config.logging, output: 'stderr' }) })
  try {
    return action === 'up' ? await bringUpToDate(database) : await showStatus(database)
  } finally {
    await database.close()
  }
}

async function bringUpToDate(database: Database): Promise<number> {
  const applied = await database.migrate()
  process.stdout.write(applied.length === 0 ? 'The schema is up to date\n' : `Applied: ${applied.join(', ')}\n`)
  return 0
}

async function showStatus(database: Database): Promise<number> {
  const states = await database.migrationStatus()
  for (const { name, appliedAt } of states) {
    process.stdout.write(`${appliedAt === undefined ? 'missing                 ' : new Date(appliedAt).toISOString()}  ${name}\n`)
  }
  return states.every(({ appliedAt }) => appliedAt !== undefined) ? 0 : 1
}
