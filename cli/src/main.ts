import { enableCompileCache } from 'node:module'
import { runServerCommand, SERVER_COMMANDS } from '@terrace/server/main.ts'
import packageJson from '../package.json' with { type: 'json' }
import { readEnvironment } from './environment.ts'

/**
 * Runs the executable: commands that run the server go to the server, all others ask a server over HTTP.
 *
 * @returns the exit code: 0 ok, 1 failed, 2 wrong usage, 3 not found, 4 denied, 5 conflict, 6 unavailable.
 */
export async function main(argv: readonly string[]): Promise<number> {
  // Halves the time to start. A folder of the user's own: from a shared one, others could feed us code. Node goes on without one that
  // cannot be written.
  enableCompileCache(readEnvironment().cacheFolder)
  const [first = '', second = ''] = argv
  if (Object.hasOwn(SERVER_COMMANDS, first)) return runServer(argv)
  if (first === 'help' && Object.hasOwn(SERVER_COMMANDS, second)) return runServer([second, '--help'])
  const { runClient } = await import('./program/run-client.ts')
  return runClient({ argv, version: packageJson.version, serverCommands: SERVER_COMMANDS })
}

async function runServer(argv: readonly string[]): Promise<number> {
  try {
    return await runServerCommand(argv)
  } catch (error) {
    // Unknown flags of server commands, which are read with Node's own parser.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error
    process.stderr.write(`Cannot run "terrace ${argv[0]}": ${error.message}\nRun: terrace ${argv[0]} --help\n`)
    return 2
  }
}
