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

/** How a command that runs until it is told to stop learns of it. */
export interface StopRequest {
  /** Resolves with the first signal. */
  readonly asked: Promise<NodeJS.Signals>
  /** Aborted at the same moment, for whatever is still waiting. */
  readonly signal: AbortSignal
}

/** Listens for SIGTERM and SIGINT from now on; before, they end the process at once. A second one ends it at once again. */
export function listenForStop(): StopRequest {
  const controller = new AbortController()
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve(signal)
        controller.abort()
      })
    }
  })
  return { asked, signal: controller.signal }
}

/** The outcome of a start, or `undefined` when it was given up because the process was asked to stop. */
export async function unlessStopped<T>(stop: StopRequest, start: Promise<T>): Promise<T | undefined> {
  try {
    return await start
  } catch (error) {
    if (stop.signal.aborted) return undefined
    throw error
  }
}
