import { parseArgs } from 'node:util'
import { nearestName } from '../base/nearest-name.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type LoadedConfig, loadConfig } from './load-config.ts'
import { maskedSettings, printConfig } from './print-config.ts'
import type { Environment } from './read-environment.ts'

/** What a command sees of the process. */
export interface ConfigCommandIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Default: the variables of this process. */
  readonly env?: Environment
  /** Default: the working directory of this process. */
  readonly cwd?: string
}

const ACTIONS = ['check', 'print'] as const
type Action = (typeof ACTIONS)[number]

const HELP = `Usage: terrace config check|print [--config FILE] [--json]

Examples:
  terrace config check --config terrace.hcl
  TFR_SERVER_PORT=9090 terrace config print

check   tells every problem of the settings, or which settings differ from the defaults
print   shows all effective settings as YAML, and where each one comes from

Secrets are masked in both. Without --config the file named by TFR_CONFIG is read.
Exit codes: 0 the settings are valid, 1 they are not, 2 wrong usage.
`

/**
 * `terrace config check|print`.
 * @param args what follows the word `config`
 * @returns the exit code: 0 valid, 1 not valid, 2 wrong usage
 */
export async function runConfigCommand(args: readonly string[], io: ConfigCommandIo): Promise<number> {
  const usage = parseUsage(args)
  if ('help' in usage) {
    io.stdout(HELP)
    return 0
  }
  if ('mistake' in usage) {
    io.stderr(`${usage.mistake}\nRun: terrace config --help\n`)
    return 2
  }
  const input = { file: usage.file, ...(io.env ? { env: io.env } : {}), ...(io.cwd ? { cwd: io.cwd } : {}) }
  try {
    report(await loadConfig(input), usage, io)
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (usage.json) io.stdout(toJson({ valid: false, problems: error.problems satisfies readonly ConfigProblem[] }))
    else io.stderr(`${error.message}\n`)
    return 1
  }
}

interface Usage {
  readonly action: Action
  readonly file: string | undefined
  readonly json: boolean
}

function parseUsage(args: readonly string[]): Usage | { readonly help: true } | { readonly mistake: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { config: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return { help: true }
    const [word, ...rest] = positionals
    const action = ACTIONS.find((known) => known === word)
    if (action === undefined || rest.length > 0) return { mistake: describeMistake(action === undefined ? word : rest[0]) }
    return { action, file: values.config, json: values.json }
  } catch (error) {
    return { mistake: (error as Error).message }
  }
}

function describeMistake(word: string | undefined): string {
  if (word === undefined) return 'Cannot run "terrace config": "check" or "print" is missing'
  const near = nearestName(word, ACTIONS)
  return `Cannot run "terrace config": unexpected "${word}"${near === undefined ? '' : `; did you mean "${near}"?`}`
}

function report(loaded: LoadedConfig, { action, json }: Usage, io: ConfigCommandIo): void {
  for (const warning of loaded.warnings) io.stderr(`Warning: ${warning}\n`)
  if (json) {
    const settings = maskedSettings(loaded.config)
    io.stdout(
      toJson({ valid: true, file: loaded.file ?? null, warnings: loaded.warnings, sources: Object.fromEntries(loaded.sources), settings }),
    )
  } else if (action === 'print') {
    io.stdout(printConfig(loaded.config, loaded.sources))
  } else {
    io.stdout(summary(loaded))
  }
}

function summary({ config, sources, file }: LoadedConfig): string {
  const settings = maskedSettings(config)
  const changed = [...sources].map(([key, source]) => `  ${key} = ${JSON.stringify(settings[key])} (from ${source})\n`)
  const origin = file === undefined ? 'no file' : `file "${file}"`
  return `The configuration is valid (${origin}).\n${changed.length === 0 ? 'Every setting has its default.\n' : changed.join('')}`
}

function toJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}
