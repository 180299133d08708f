import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChildServer, startChildServer } from '../../../acceptance/src/harness/child-server.ts'
import { makeTemporaryFolder } from '../../../acceptance/src/harness/temporary-folder.ts'
import { profilingEnvironment } from '../bench-server.ts'
import { type Figure, median, takeTurns } from '../figure.ts'
import { waitForAnswer } from '../first-answer.ts'
import { findFreePort } from '../free-port.ts'
import type { Scenario } from '../scenario.ts'

const LAUNCHER = join(import.meta.dirname, '../../../cli/bin/terrace.mjs')
const ROUNDS = 7
const STOP_TIMEOUT_MS = 40_000

/** A server that does nothing, as small as it gets: what Node itself and the machine cost. */
const BARE_SERVER = `
import { createServer } from 'node:http'
createServer((request, response) => response.end('{}')).listen(Number(process.argv[2]), '127.0.0.1')
`

/** From starting the process to its first answer, with and without a data folder that was used before. */
export const start: Scenario = {
  name: 'start',
  needs: [],
  async run(log) {
    using folder = makeTemporaryFolder('start')
    const bareServer = join(folder.path, 'bare-server.mjs')
    writeFileSync(bareServer, BARE_SERVER)
    const bare = async (): Promise<number> => {
      const port = await findFreePort()
      return timeStart({ file: bareServer, args: [String(port)], port, cwd: folder.path, path: '/' })
    }
    const terrace = async (dataDir: string, path: string): Promise<number> => timeTerrace({ cwd: folder.path, dataDir, path })
    const used = join(folder.path, 'used')
    const fresh = async (): Promise<number> => {
      const dataDir = join(folder.path, 'fresh')
      rmSync(dataDir, { recursive: true, force: true })
      return terrace(dataDir, PROTOCOL_PATH)
    }
    mkdirSync(used)
    const figures = [
      asFigure(
        'live',
        'Start to the first answer of `/livez`',
        await takeTurns(ROUNDS, { baseline: bare, ours: () => terrace(used, '/livez') }),
      ),
      asFigure(
        'ready',
        'Start to the first protocol answer',
        await takeTurns(ROUNDS, { baseline: bare, ours: () => terrace(used, PROTOCOL_PATH) }),
      ),
      asFigure('fresh', 'First start of all to the first protocol answer', await takeTurns(ROUNDS, { baseline: bare, ours: fresh })),
    ]
    for (const { id, ours, baseline } of figures)
      log(`${id}: ${median(ours.values).toFixed(2)} s; bare Node ${median(baseline.values).toFixed(2)} s`)
    return figures
  },
}

/** Asks the database, and answers 404 when the server is ready and 503 before. */
const PROTOCOL_PATH = '/v1/providers/bench/none/versions'

async function timeTerrace({
  cwd,
  dataDir,
  path,
}: {
  readonly cwd: string
  readonly dataDir: string
  readonly path: string
}): Promise<number> {
  const [port, tlsPort] = [await findFreePort(), await findFreePort()]
  const env = {
    TFR_DATA_DIR: dataDir,
    TFR_SERVER_HOST: '127.0.0.1',
    TFR_SERVER_PORT: String(port),
    TFR_SERVER_LOCAL_TLS_PORT: String(tlsPort),
    ...profilingEnvironment(),
  }
  return timeStart({ file: LAUNCHER, args: ['serve'], port, cwd, path, env })
}

interface Start {
  readonly file: string
  readonly args: readonly string[]
  readonly port: number
  readonly cwd: string
  /** What is asked for. */
  readonly path: string
  readonly env?: Readonly<Record<string, string>>
}

/** Seconds until the address answers anything but 503. */
async function timeStart({ file, args, port, cwd, path, env = {} }: Start): Promise<number> {
  const startedAt = performance.now()
  const home = { PATH: process.env.PATH, HOME: cwd, TMPDIR: cwd }
  const server = startChildServer({ file: process.execPath, args: [file, ...args], cwd, env: { ...home, ...env } })
  try {
    await waitForAnswer(`http://127.0.0.1:${port}${path}`, server)
    return (performance.now() - startedAt) / 1000
  } finally {
    await stopServer(server)
  }
}

/** In order, so that the next start does not have to tidy up. */
async function stopServer(server: ChildServer): Promise<void> {
  await server.stop(STOP_TIMEOUT_MS)
}

function asFigure(id: string, title: string, { baseline, ours }: { readonly baseline: number[]; readonly ours: number[] }): Figure {
  return {
    id: `start.${id}`,
    title,
    goal: { direction: 'at most', value: 1.5 },
    unit: 's',
    values: ours,
    ours: { name: 'Terrace', unit: 's', values: ours },
    baseline: { name: 'bare Node server', unit: 's', values: baseline },
  }
}
