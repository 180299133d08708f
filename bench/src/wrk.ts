import { findBinary } from '../../acceptance/src/harness/required-binaries.ts'
import { runCommand } from '../../acceptance/src/harness/run-command.ts'

/** How hard and how long to ask. */
export interface Load {
  readonly url: string
  readonly seconds: number
  readonly connections: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests per second that an address answers, by `wrk` with one thread. @throws when a single answer is not a 2xx. */
export async function measureRequests(load: Load): Promise<number> {
  return readRequestsPerSecond(await runWrk(load))
}

/** Milliseconds that 99 of 100 requests do not exceed, asked without a pause. @throws when a single answer is not a 2xx. */
export async function measureSlowest(load: Load): Promise<number> {
  return readSlowest(await runWrk(load))
}

async function runWrk({ url, seconds, connections, headers = {} }: Load): Promise<string> {
  const file = findBinary('wrk')
  if (file === undefined) throw new Error('wrk is missing: ask explainMissing first')
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...given, url]
  const { code, output } = await runCommand(file, args, { cwd: '/', env: {}, timeoutMs: (seconds + 10) * 1000 })
  if (code !== 0) throw new Error(`wrk failed for ${url}:\n${output}`)
  return output
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }

/** Reads the 99th percentile, in milliseconds. @throws when some requests failed. */
export function readSlowest(output: string): number {
  readRequestsPerSecond(output)
  const [, value, unit = ''] = /^\s+99%\s+([\d.]+)(us|ms|s)$/m.exec(output) ?? []
  const milliseconds = Number(value) * (MILLISECONDS[unit] ?? Number.NaN)
  if (Number.isNaN(milliseconds)) throw new Error(`wrk told no 99th percentile:\n${output}`)
  return milliseconds
}

/** Reads what `wrk` prints. @throws when some requests failed, since a refusal is quicker than an answer. */
export function readRequestsPerSecond(output: string): number {
  const failed = /^\s*(?:Non-2xx or 3xx responses|Socket errors):.*$/m.exec(output)
  const rate = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1] ?? Number.NaN)
  if (failed !== null || Number.isNaN(rate)) throw new Error(`wrk saw failures:\n${output}`)
  return rate
}
