import { parseArgs } from 'node:util'
import { migrateDown } from '../base/database/migrate.ts'
import { type Database, openDatabase } from '../base/database/open-database.ts'
import { createLogger } from '../base/logger.ts'
import { loadConfig } from '../config/load-config.ts'

const HELP = `Usage: terrace migrate [up|status|down --to NUMBER] [--config FILE]

Examples:
  terrace migrate
  terrace migrate status
  terrace migrate down --to 1

up       brings the database schema up to date (the default); safe while other processes do the same
status   lists the migrations and which of them are applied; exit code 1 when one is missing
down     undoes the migrations above NUMBER, newest first, with what their tables hold; 0 removes everything
"terrace serve" migrates by itself when it starts.
`

const USAGE = 2

type Action = (database: Database, to: string | undefined) => Promise<number>

const ACTIONS: Readonly<Record<string, Action>> = { up: bringUpToDate, status: showStatus, down: undo }

/** `terrace migrate`. */
export async function migrateCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const action = ACTIONS[positionals[0] ?? 'up']
  if (values.help || action === undefined) {
    process.stdout.write(HELP)
    return values.help ? 0 : USAGE
  }
  const { config } = await loadConfig({ file: values.config })
  const database = openDatabase({ ...config.database, logger: createLogger({ ...config.logging, output: 'stderr' }) })
  try {
    return await action(database, values.to)
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

/** Digits only: `--to "$UNSET"` must not read as 0, which drops every table. */
async function undo(database: Database, to: string | undefined): Promise<number> {
  if (to === undefined || !/^\d{1,4}$/.test(to)) {
    process.stderr.write('terrace migrate down: say how far with --to NUMBER; tables of undone migrations are dropped with their rows\n')
    return USAGE
  }
  const undone = await migrateDown(database.db, Number(to))
  process.stdout.write(undone.length === 0 ? 'Nothing to undo\n' : `Undone: ${undone.join(', ')}\n`)
  return 0
}
