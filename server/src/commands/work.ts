import { openDeps } from '../open-deps.ts'
import { listenForStop, startCommand, unlessStopped } from './command-options.ts'
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
  const { deps, close } = await openDeps(config, logger)
  const stop = listenForStop()
  const prepared = await unlessStopped(stop, prepareDatabase(deps, stop.signal))
  const work = prepared && startWork(deps, { runJobs: true })
  if (work !== undefined) logger.info('working')
  const signal = await stop.asked
  logger.info({ signal }, 'stopping')
  await work?.stop(config.server.shutdownGraceSeconds * 1000)
  await close()
  return 0
}
