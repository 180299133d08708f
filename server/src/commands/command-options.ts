import { parseArgs } from 'node:util'
import { createLogger, type Logger } from '../base/logger.ts'
import type { Config } from '../config/config-schema.ts'
import { loadConfig } from '../config/load-config.ts'

/** What every command that runs on the server's settings starts from. */
export interface CommandStart {
  readonly config: Config
  readonly logger: Logger
}

/** Arguments of a command that knows only `--config FILE` and `--help`; `undefined` when the help was shown. */
export async function startCommand(args: readonly string[], help: string): Promise<CommandStart | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(help)
    return undefined
  }
  const { config, warnings } = await loadConfig({ file: values.config })
  const logger = createLogger(config.logging)
  for (const warning of warnings) logger.warn({ setting: warning }, 'setting needs attention')
  return { config, logger }
}

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
export function untilAskedToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve(signal)
      })
    }
  })
}
