import { parseArgs } from 'node:util'
import { createLogger } from '../base/logger.ts'
import { loadConfig } from '../config/load-config.ts'
import { openDeps } from '../open-deps.ts'
import { type CheckResult, runChecks } from './doctor-checks.ts'

const HELP = `Usage: terrace doctor [--config FILE] [--json]

Examples:
  terrace doctor
  terrace doctor --json --config /etc/terrace/terrace.hcl

Checks what a server needs: settings, data folder, database, storage, clock, public address, upstreams.
Each finding says how to mend it. Exit code 1 when something must be mended. Safe beside a running server.
`

/** `terrace doctor`. */
export async function doctorCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const { config, warnings } = await loadConfig({ file: values.config })
  const { deps, close } = await openDeps(config, createLogger({ ...config.logging, level: 'error', output: 'stderr' }))
  try {
    const results = await runChecks(deps, warnings)
    process.stdout.write(values.json ? `${JSON.stringify({ checks: results }, null, 2)}\n` : results.map(formatResult).join(''))
    return results.some(({ state }) => state === 'failed') ? 1 : 0
  } finally {
    await close()
  }
}

const MARKS = { ok: 'ok    ', warning: 'warn  ', failed: 'FAILED' } as const

function formatResult({ name, state, text, fix }: CheckResult): string {
  const line = `${MARKS[state]}  ${name.padEnd(14)}  ${text}\n`
  return fix === undefined ? line : `${line}${' '.repeat(24)}→ ${fix}\n`
}
