import { openDeps } from '../open-deps.ts'
import { startCommand, untilAskedToStop } from './command-options.ts'
import { prepareDatabase } from './prepare-database.ts'
import { startWork } from './start-work.ts'

const HELP = `Usage: terrace work [--config FILE]

Examples:
  terrace work
  terrace work --config /etc/terrace/terrace.hcl

Runs jobs and schedules without serving requests, beside "terrace serve" processes with the same database and storage.
Set work.enabled=false there to keep jobs off the serving processes.
`

/** `terrace work`: jobs only. */
export async function workCommand(args: readonly string[]): Promise<number> {
  const start = await startCommand(args, HELP)
  if (start === undefined) return 0
  const { config, logger } = start
  const stopping = untilAskedToStop()
  const { deps, close } = await openDeps(config, logger)
  await prepareDatabase(deps)
  const work = startWork(deps, { runJobs: true })
  logger.info('working')
  const signal = await stopping
  logger.info({ signal }, 'stopping')
  await work.stop(config.server.shutdownGraceSeconds * 1000)
  await close()
  return 0
}
