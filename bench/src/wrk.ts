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
export async function measureRequests({ url, seconds, connections, headers = {} }: Load): Promise<number> {
  const file = findBinary('wrk')
  if (file === undefined) throw new Error('wrk is missing: ask explainMissing first')
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, ...given, url]
  const { code, output } = await runCommand(file, args, { cwd: '/', env: {}, timeoutMs: (seconds + 10) * 1000 })
  if (code !== 0) throw new Error(`wrk failed for ${url}:\n${output}`)
  return readRequestsPerSecond(output)
}

/** Reads what `wrk` prints. @throws when some requests failed, since a refusal is quicker than an answer. */
export function readRequestsPerSecond(output: string): number {
  const failed = /^\s*(?:Non-2xx or 3xx responses|Socket errors):.*$/m.exec(output)
  const rate = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1] ?? Number.NaN)
  if (failed !== null || Number.isNaN(rate)) throw new Error(`wrk saw failures:\n${output}`)
  return rate
}
