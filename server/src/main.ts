import { ConfigError } from './config/config-error.ts'

// node:sqlite is stable in what we use of it; its notice would stand in front of every command's output.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  const expected = warning.name === 'ExperimentalWarning' && warning.message.startsWith('SQLite')
  if (!expected) process.stderr.write(`${warning.name}: ${warning.message}\n`)
})

/** Commands of the executable that run the server or look after its data. */
export const SERVER_COMMANDS: Readonly<Record<string, string>> = {
  serve: 'Run the registry and the mirror',
  work: 'Run jobs only, beside servers that share the database',
  migrate: 'Bring the database schema up to date, or show its state',
  config: 'Check the settings, or print them with secrets masked',
  doctor: 'Check everything a server needs and say how to mend it',
}

/** Shape of every server command: the arguments after its name; answers the exit code. */
type Command = (args: readonly string[]) => Promise<number>

const FAILED = 1
const USAGE = 2

// Loaded when asked for: `config check` needs no database driver, and a start loads nothing twice.
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  work: async () => (await import('./commands/work.ts')).workCommand,
  migrate: async () => (await import('./commands/migrate.ts')).migrateCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
}

/**
 * Runs one server command.
 *
 * @param argv command name and its arguments.
 * @returns the exit code: 0 fine, 1 failed, 2 wrong usage or configuration.
 */
export async function runServerCommand(argv: readonly string[]): Promise<number> {
  const [name = '', ...args] = argv
  const load = LOADERS[name]
  if (load === undefined) {
    process.stderr.write(`terrace: there is no command "${name}". Commands: ${Object.keys(LOADERS).join(', ')}\n`)
    return USAGE
  }
  try {
    return await (await load())(args)
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`terrace ${name}: ${error.message}\n`)
      return USAGE
    }
    const refused = describeRefusedPort(error)
    if (refused === undefined) throw error
    process.stderr.write(`terrace ${name}: ${refused}\n`)
    return FAILED
  }
}

/** One line for a port that cannot be listened on; `undefined` for any other error. */
function describeRefusedPort(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen' || !('port' in error) || !('code' in error))
    return undefined
  const reason = error.code === 'EADDRINUSE' ? 'another program listens on it' : `the system refuses it (${error.code})`
  return `Cannot listen on port ${error.port}: ${reason}. Choose another with TFR_SERVER_PORT or TFR_SERVER_LOCAL_TLS_PORT`
}
